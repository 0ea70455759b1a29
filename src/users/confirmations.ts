import type { Config } from '../config/config.ts';
import type { Metadata } from '../db/tables/account-details.ts';

type Settings = Pick<Config, 'gotrue'>;

/** What tells whether an address and a number are confirmed. */
export type ConfirmationFacts = Readonly<{
  email: string | null;
  emailVerifiedAt: Date | null;
  phone: string | null;
  phoneVerifiedAt: Date | null;
  createdAt: Date;
}>;

/**
 * When an address and a number were confirmed, as the GoTrue dialect shows it; null if they are not. What AUTOCONFIRM covers counts as
 * confirmed since the account exists. That is not a proof: nothing but this dialect may rely on it.
 */
export function confirmationsOf(
  { email, emailVerifiedAt, phone, phoneVerifiedAt, createdAt }: ConfirmationFacts,
  { gotrue: { autoconfirm } }: Settings,
): { email: Date | null; phone: Date | null } {
  const shown = (value: string | null, verifiedAt: Date | null, isAutomatic: boolean) =>
    value === null ? null : (verifiedAt ?? (isAutomatic ? createdAt : null));
  return {
    email: shown(email, emailVerifiedAt, autoconfirm.includes('email')),
    phone: shown(phone, phoneVerifiedAt, autoconfirm.includes('phone')),
  };
}

/** The facts of an account that GoTrue also keeps in `user_metadata`. */
type ShownFacts = { sub: string; email: string; email_verified: boolean; phone_verified: boolean };

/** What a sign-up at the GoTrue dialect stores beside the data of the client. */
export const metadataOfSignUp = (facts: ShownFacts): Metadata => ({ ...facts });

/**
 * The `user_metadata` that clients see. A user may write anything there. But the facts of the account, where it has them, are those of
 * now. A proven address is always among them. AUTOCONFIRM proves none: it adds nothing to the metadata that an administrator gave.
 * @param hasProvenEmail whether the user has proven the address, AUTOCONFIRM aside
 */
export function shownUserMetadata(stored: Metadata, facts: ShownFacts, hasProvenEmail: boolean): Metadata {
  const current = Object.entries(facts).filter(([name]) => Object.hasOwn(stored, name));
  return { ...stored, ...(hasProvenEmail && { email_verified: true }), ...Object.fromEntries(current) };
}
