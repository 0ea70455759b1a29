import type { Environment } from '../environment.ts';

export type MailConfig = Readonly<{
  /** Where mails go: to the server, to the local inbox page, or nowhere. */
  delivery: 'smtp' | 'inbox' | 'off';
  smtpUrl: string | null;
  from: string;
  locale: string;
  templatesDir: string | null;
  concurrency: number;
}>;

/** What the environment says of mail. */
export function mailConfig(e: Environment, publicUrl: string): MailConfig {
  const smtpUrl = e.SMTP_URL === undefined || e.SMTP_URL === 'off' ? null : e.SMTP_URL;
  return {
    delivery: smtpUrl !== null ? 'smtp' : e.SMTP_URL === 'off' ? 'off' : 'inbox',
    smtpUrl,
    from: e.MAIL_FROM ?? `Portcullis <no-reply@${new URL(publicUrl).hostname}>`,
    locale: e.MAIL_LOCALE,
    templatesDir: e.MAIL_TEMPLATES_DIR ?? null,
    concurrency: e.MAIL_CONCURRENCY,
  };
}
