type Declaration = {
  /** The fields of the mail's job. The worker looks up the rest when it delivers. */
  job: readonly string[];
  /** The placeholders that the texts may use, as `{{name}}`. */
  placeholders: readonly string[];
  /**
   * The daily limit per address that counts the mail; null for a notice of what happened. Sign-ups and invites do not use up
   * the password resets of an address. Mails that other people's accounts cause have a separate limit.
   */
  limit: 'mailPerRecipient' | 'resetMailPerRecipient' | 'othersMailPerRecipient' | null;
};

/** A mail with a code, and a link that does the same. */
const code = <const Limit extends Declaration['limit']>(limit: Limit) =>
  ({ job: ['codeId'], placeholders: ['site', 'link', 'code', 'minutes'], limit }) as const;

/**
 * Every kind of mail. A new kind takes, besides the flow that queues it:
 * - its declaration here;
 * - its texts in every locale, `templates/en.ts` and `templates/de.ts`;
 * - its entry in `flows/mails/prepare.ts`, or in `flows/mails/prepare-code.ts` for a code: who gets the mail, the purpose of its
 *   link's token, and the values. These depend on the
 *   account when the worker delivers, so a declaration cannot hold them. `users/mail-recipient.ts`, `users/sign-up-facts.ts`,
 *   `sessions/sign-in-facts.ts` and `teams/invite-facts.ts` read what they need.
 */
export const mails = {
  verification: {
    job: ['userId'],
    placeholders: ['site', 'link', 'hours', 'time', 'device', 'address'],
    limit: 'mailPerRecipient',
  },
  password_reset: {
    job: ['userId'],
    placeholders: ['site', 'link', 'minutes'],
    limit: 'resetMailPerRecipient',
  },
  account_created: {
    job: ['userId'],
    placeholders: ['site', 'link', 'days'],
    limit: 'othersMailPerRecipient',
  },
  email_change: {
    job: ['userId', 'newEmail'],
    placeholders: ['site', 'link', 'hours'],
    limit: 'othersMailPerRecipient',
  },
  team_invite: {
    job: ['inviteId'],
    placeholders: ['site', 'link', 'team', 'inviter', 'expires'],
    limit: 'othersMailPerRecipient',
  },
  signup_invitation: {
    job: ['invitationId'],
    placeholders: ['site', 'link', 'expires'],
    limit: 'othersMailPerRecipient',
  },
  signup_code: code('mailPerRecipient'),
  invite_code: code('othersMailPerRecipient'),
  recovery_code: code('resetMailPerRecipient'),
  magic_link: code('mailPerRecipient'),
  email_change_code: code('othersMailPerRecipient'),
  email_change_current_code: code('mailPerRecipient'),
  reauthentication_code: {
    job: ['codeId'],
    placeholders: ['site', 'code', 'minutes'],
    limit: 'mailPerRecipient',
  },
  password_changed: { job: ['userId'], placeholders: ['site', 'time'], limit: null },
  email_changed: { job: ['userId', 'formerEmail'], placeholders: ['site', 'time'], limit: null },
  access_token_created: { job: ['userId'], placeholders: ['site', 'time'], limit: null },
  second_factor_added: { job: ['userId'], placeholders: ['site', 'time'], limit: null },
  second_factor_removed: { job: ['userId'], placeholders: ['site', 'time'], limit: null },
  recovery_code_used: { job: ['userId'], placeholders: ['site', 'time'], limit: null },
  new_sign_in: {
    job: ['userId', 'sessionId'],
    placeholders: ['site', 'device', 'address', 'time'],
    limit: null,
  },
} as const satisfies Record<string, Declaration>;

export type MailKind = keyof typeof mails;
export const mailKinds = Object.keys(mails) as MailKind[];

/** The values of a kind's placeholders. */
export type MailValues<Kind extends MailKind = MailKind> = Record<
  (typeof mails)[Kind]['placeholders'][number],
  string
>;

/**
 * A queued mail: its kind, and the ids of its subject. It holds no token and no link. It holds an address only if the user
 * does not have it yet, or has it no longer.
 */
export type MailJob<Kind extends MailKind = MailKind> = {
  [Each in Kind]: { kind: Each } & Record<(typeof mails)[Each]['job'][number], string>;
}[Kind];
