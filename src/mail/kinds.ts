type Declaration = {
  /** What the job of the mail names. The worker looks the rest up when it delivers. */
  job: readonly string[];
  /** What the texts may say, as `{{name}}`. */
  placeholders: readonly string[];
  /**
   * The daily limit of an address that counts the mail; null for a notice of what happened. Sign-ups with an address, and
   * invites to it, do not use up its resets. Mails that other people's accounts cause have a limit of their own.
   */
  limit: 'mailPerRecipient' | 'resetMailPerRecipient' | 'othersMailPerRecipient' | null;
};

/** Every kind of mail. Its texts stand in `templates/`, who gets it and what it tells in `flows/mails/prepare.ts`. */
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
  password_changed: { job: ['userId'], placeholders: ['site', 'time'], limit: null },
  email_changed: { job: ['userId', 'formerEmail'], placeholders: ['site', 'time'], limit: null },
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
 * A mail that waits: its kind, and whom or what it concerns. It holds no token and no link. It holds no address, unless that
 * is not the user's (yet, or any more).
 */
export type MailJob<Kind extends MailKind = MailKind> = {
  [Each in Kind]: { kind: Each } & Record<(typeof mails)[Each]['job'][number], string>;
}[Kind];
