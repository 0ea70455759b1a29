import type { TokenPurpose } from '../db/tables/one-time-tokens.ts';

export type { TokenPurpose };

const HOUR = 3600;

/** How long a token of each purpose can be redeemed, and the page below `/mail/` that its link opens. */
export const purposes: Readonly<Record<TokenPurpose, Readonly<{ ttlSeconds: number; page: string }>>> = {
  verify_email: { ttlSeconds: 24 * HOUR, page: 'verify-email' },
  reset_password: { ttlSeconds: HOUR, page: 'reset-password' },
  change_email: { ttlSeconds: 24 * HOUR, page: 'change-email' },
};
