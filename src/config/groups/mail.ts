import { z } from 'zod';
import { configureLimits, type LimitDeclaration, limitVariables } from '../limit.ts';
import { integer, text } from '../parsers.ts';
import { smtpQueryProblem } from '../smtp-url.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { publicUrlOf } from './server.ts';

const NOT_SMTP = 'must be an smtp or smtps URL, or off';

const smtpUrl = () =>
  z
    .union([z.literal('off'), z.url({ protocol: /^smtps?$/, hostname: /./, error: NOT_SMTP })])
    .superRefine((value, context) => {
      // The check before has refused a value that is not a URL.
      const problem = URL.canParse(value) ? smtpQueryProblem(value) : null;
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    });

const sender = () =>
  text().regex(/^(?:[^\p{Cc}<>]*<[^\s\p{Cc}<>@]+@[^\s\p{Cc}<>@]+>|[^\s\p{Cc}<>@]+@[^\s\p{Cc}<>@]+)$/u, {
    error: 'must look like no-reply@example.com or Portcullis <no-reply@example.com>',
  });

/** The limits of mails that requests cause, besides the spacing of mails of one kind. */
const limits = {
  mailPerRecipient: {
    name: 'mail_recipient',
    per: 'mailbox',
    variable: 'LIMIT_MAIL_PER_RECIPIENT',
    default: '20/86400',
    description:
      'Mails that requests may cause per address, with or without an account: count/seconds. Verifications, password resets and mails caused by other accounts count separately.',
  },
  resetMailPerRecipient: { name: 'mail_recipient_reset', per: 'mailbox', rateOf: 'mailPerRecipient' },
  othersMailPerRecipient: { name: 'mail_recipient_of_others', per: 'mailbox', rateOf: 'mailPerRecipient' },
} as const satisfies Record<string, LimitDeclaration>;

/** The mail server, and the texts of mails. */
export const mailVariables = {
  SMTP_URL: variable({
    parser: smtpUrl(),
    description:
      'URL of the mail server, with user and password. `smtps://` uses TLS. `smtp://` uses STARTTLS if the server offers it. With `?requireTLS=true` it sends nothing without TLS. `off` drops every mail.',
    shownDefault: 'an inbox page, for this machine only',
    secret: true,
    requiredInProduction: true,
  }),
  MAIL_FROM: variable({
    parser: sender(),
    description: 'Sender of every mail.',
    shownDefault: 'Portcullis <no-reply@(host of PUBLIC_URL)>',
  }),
  MAIL_LOCALE: variable({
    parser: text().regex(/^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$/, 'must look like en, de or de-AT'),
    default: 'en',
    description:
      'Language of the mails: `en` and `de` are built in. A text that the language lacks is taken from `en`.',
  }),
  MAIL_TEMPLATES_DIR: variable({
    parser: text(),
    description:
      'Folder whose files `<locale>/<kind>.{subject.txt,txt,html}` replace the built-in templates.',
    shownDefault: 'none',
  }),
  MAIL_CONCURRENCY: variable({
    parser: integer(1, 50),
    default: '2',
    description: 'Mails that a replica delivers at once.',
  }),
  LIMIT_MAIL_SPACING_SECONDS: variable({
    parser: integer(0, 86_400),
    default: '60',
    description: 'Seconds between two mails of the same kind to the same address. 0: no spacing.',
  }),
  ...limitVariables(limits),
};

/** Returns how mails are delivered: to the server, to the local inbox page, or not at all. */
function deliveryOf({ SMTP_URL }: Environment): 'smtp' | 'inbox' | 'off' {
  if (SMTP_URL === undefined) return 'inbox';
  return SMTP_URL === 'off' ? 'off' : 'smtp';
}

export const mailConfig = (e: Environment) => ({
  mail: {
    delivery: deliveryOf(e),
    smtpUrl: deliveryOf(e) === 'smtp' ? (e.SMTP_URL ?? null) : null,
    from: e.MAIL_FROM ?? `Portcullis <no-reply@${new URL(publicUrlOf(e)).hostname}>`,
    locale: e.MAIL_LOCALE,
    templatesDir: e.MAIL_TEMPLATES_DIR ?? null,
    concurrency: e.MAIL_CONCURRENCY,
  },
});

export const mailLimitConfig = (e: Environment) => ({
  mailSpacingSeconds: e.LIMIT_MAIL_SPACING_SECONDS,
  ...configureLimits(limits, e),
});
