import { escapeHtml } from '../html.ts';
import type { MailKind } from '../kinds.ts';

/** A mail's text as paragraphs. */
export type MailText = Readonly<{
  subject: string;
  before: readonly string[];
  /** The button that opens `{{link}}`; null for a mail without a link. */
  action: string | null;
  after: readonly string[];
}>;

export type Locale = Readonly<{
  /** Stand in for what is not known. */
  words: Readonly<Record<'device' | 'address' | 'team' | 'inviter', string>>;
  mails: Readonly<Record<MailKind, MailText>>;
}>;

export type MailPart = 'subject' | 'text' | 'html';
/** A mail's three parts, with placeholders. */
export type MailSources = Record<MailPart, string>;

const paragraph = (text: string): string =>
  `<p style="margin:0 0 16px;line-height:1.5">${escapeHtml(text)}</p>`;

const button = (label: string): string =>
  `<p style="margin:24px 0"><a href="{{link}}" style="display:inline-block;padding:12px 20px;border-radius:6px;background:#553c9a;color:#ffffff;text-decoration:none;font-weight:bold">${escapeHtml(label)}</a></p>
<p style="margin:0 0 16px;font-size:13px;color:#555555;word-break:break-all">{{link}}</p>`;

/** Text and HTML of a built-in mail: self-contained, with inline styles, and readable without them. */
export function composeSources(language: string, { subject, before, action, after }: MailText): MailSources {
  const text = [...before, ...(action === null ? [] : [`${action}:\n{{link}}`]), ...after].join('\n\n');
  const body = [
    ...before.map(paragraph),
    ...(action === null ? [] : [button(action)]),
    ...after.map(paragraph),
  ];
  const html = `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(subject)}</title></head>
<body style="margin:0;padding:24px;background:#f4f4f6;color:#1a1a1a;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px">
<div style="max-width:520px;margin:0 auto;padding:32px;background:#ffffff;border-radius:8px">
${body.join('\n')}
</div>
</body>
</html>
`;
  return { subject, text: `${text}\n`, html };
}
