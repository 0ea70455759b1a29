const HOUR = 3600;

/** How long a token can be redeemed, and the page below `/mail/` that its link opens. */
type Purpose = Readonly<{ ttlSeconds: number; page: string }>;

/**
 * The purposes of mailed tokens. A token serves one purpose only. A new purpose also needs a migration
 * (`npm run db:generate`): the check of the table takes its names from here.
 */
export const purposes = {
  verify_email: { ttlSeconds: 24 * HOUR, page: 'verify-email' },
  reset_password: { ttlSeconds: HOUR, page: 'reset-password' },
  change_email: { ttlSeconds: 24 * HOUR, page: 'change-email' },
} as const satisfies Record<string, Purpose>;

export type TokenPurpose = keyof typeof purposes;
export const tokenPurposes = Object.keys(purposes) as [TokenPurpose, ...TokenPurpose[]];

/** The path of the page that the link of an invitation to sign up opens. Its token belongs to no account yet. */
export const INVITATION_PATH = '/mail/invitation';
