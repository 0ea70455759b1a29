import type { MailJob } from './queue.ts';

export type MailKind = Exclude<MailJob['kind'], 'none'>;

/** A mail as it leaves. */
export type Mail = {
  /** The same at every attempt, so that a repeat can be recognised. */
  messageId: string;
  to: string;
  subject: string;
  text: string;
  html: string;
};

/** What a template of each kind may say, as `{{name}}`. */
export const placeholders = {
  verification: ['site', 'link', 'hours', 'time', 'device', 'address'],
  password_reset: ['site', 'link', 'minutes'],
  email_change: ['site', 'link', 'hours'],
  team_invite: ['site', 'link', 'team', 'inviter', 'expires'],
  password_changed: ['site', 'time'],
  email_changed: ['site', 'time'],
  new_sign_in: ['site', 'device', 'address', 'time'],
} as const satisfies Record<MailKind, readonly string[]>;

export const mailKinds = Object.keys(placeholders) as MailKind[];

/** The values of a kind's placeholders. */
export type MailValues<Kind extends MailKind = MailKind> = Record<
  (typeof placeholders)[Kind][number],
  string
>;
