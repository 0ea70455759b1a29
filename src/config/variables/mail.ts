import { z } from 'zod';
import { smtpQueryProblem } from '../mail.ts';
import { integer, limit, text } from '../parsers.ts';

const NOT_SMTP = 'must be an smtp or smtps URL, or off';

/** How mail is sent. */
export const mailVariables = {
  SMTP_URL: z
    .union([z.literal('off'), z.url({ protocol: /^smtps?$/, hostname: /./, error: NOT_SMTP })])
    .superRefine((value, context) => {
      const problem = value === 'off' ? null : smtpQueryProblem(value);
      if (problem !== null) context.addIssue({ code: 'custom', message: problem });
    })
    .optional()
    .meta({
      description:
        'Mail server: `smtp://` (STARTTLS if the server offers it; `?requireTLS=true` sends nothing without it) or `smtps://`, with user and password; `off` drops every mail. Required in production.',
      shownDefault: 'an inbox page, to this machine only',
      secret: true,
    }),
  MAIL_FROM: text()
    .regex(/^(?:[^\p{Cc}<>]*<[^\s\p{Cc}<>@]+@[^\s\p{Cc}<>@]+>|[^\s\p{Cc}<>@]+@[^\s\p{Cc}<>@]+)$/u, {
      error: 'must look like no-reply@example.com or Portcullis <no-reply@example.com>',
    })
    .optional()
    .meta({
      description: 'Sender of every mail.',
      shownDefault: 'Portcullis <no-reply@(host of PUBLIC_URL)>',
    }),
  MAIL_LOCALE: text()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$/, 'must look like en, de or de-AT')
    .default('en')
    .meta({
      description: 'Language of the mails: `en` and `de` are built in. Missing texts come from `en`.',
    }),
  MAIL_TEMPLATES_DIR: text().optional().meta({
    description:
      'Folder whose files `<locale>/<kind>.{subject.txt,txt,html}` replace the built-in templates.',
    shownDefault: 'none',
  }),
  MAIL_CONCURRENCY: integer(1, 50).prefault('2').meta({ description: 'Mails a replica delivers at once.' }),
  LIMIT_MAIL_SPACING_SECONDS: integer(1, 86_400).prefault('60').meta({
    description: 'Seconds between two mails of one kind to one address.',
  }),
  LIMIT_MAIL_PER_RECIPIENT: limit().prefault('20/86400').meta({
    description:
      'Mails that requests may cause to one address, known or not: count/seconds. Verifications, password resets, and mails of other accounts are counted separately.',
  }),
};
