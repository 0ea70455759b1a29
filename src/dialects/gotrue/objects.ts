import { v5 as uuidv5 } from 'uuid';
import type { Config } from '../../config/config.ts';
import type { SignedIn } from '../../flows/shared/complete-sign-in.ts';
import type { ProviderTokens } from '../../providers/account.ts';
import type { SecondFactor } from '../../second-factors/factors.ts';
import { AUTHENTICATED } from '../../sessions/gotrue-claims.ts';
import type { Account, LinkedIdentity } from '../../users/accounts.ts';
import { readPseudonym } from '../../users/soft-deletion.ts';
import { sortKeys } from './json.ts';

// The objects that GoTrue's clients read, with the keys in its order. A key without a value is left out.

type Json = Record<string, unknown>;
type Settings = Pick<Config, 'gotrue'>;

const time = (at: Date | null): string | undefined => at?.toISOString();

/** A number as this dialect shows it: without the plus sign. */
const shownNumber = (number: string | null | undefined): string => number?.slice(1) ?? '';

const earliest = (...times: readonly (Date | null)[]): Date | null =>
  times.reduce((least, each) => (each !== null && (least === null || each < least) ? each : least), null);

/** An identity as clients read it. */
type Identity = { provider: string } & Json;

/**
 * The identity that an address or a number is. It is not stored, so its id follows from the user's. An account that began here also has
 * the client's data in it, as GoTrue does.
 */
function ownIdentity(provider: 'email' | 'phone', account: Account): Identity {
  const { user, phone, details, userMetadata, confirmed } = account;
  const at = time(user.createdAt);
  const beganHere = 'sub' in userMetadata;
  const claims = {
    ...(beganHere && userMetadata),
    ...(provider === 'email' && user.email !== null && { email: user.email }),
    ...(provider === 'phone' && !beganHere && { phone: shownNumber(phone?.number) }),
    ...{ email_verified: confirmed.email !== null, phone_verified: confirmed.phone !== null, sub: user.id },
  };
  return {
    identity_id: uuidv5(provider, user.id),
    id: user.id,
    user_id: user.id,
    identity_data: sortKeys(claims),
    provider,
    last_sign_in_at: time(details.lastSignInAt) ?? at,
    created_at: at,
    updated_at: at,
    ...(provider === 'email' && { email: user.email }),
  };
}

/** An identity at a provider as clients read it. */
function identityObject(identity: LinkedIdentity, userId: string): Identity {
  const { id, provider, subject, email, profile, createdAt, lastSignInAt, updatedAt } = identity;
  const at = time(createdAt);
  return {
    identity_id: id,
    id: subject,
    user_id: userId,
    identity_data: sortKeys(profile ?? { ...(email !== null && { email }), sub: subject }),
    provider,
    last_sign_in_at: time(lastSignInAt) ?? at,
    created_at: at,
    updated_at: time(updatedAt) ?? at,
    ...(email !== null && { email }),
  };
}

/** All identities of an account: its address, its number, and those at providers. */
export function identityObjects(account: Account): Identity[] {
  const own = (['email', 'phone'] as const)
    .filter((kind) => account.ways.includes(kind))
    .map((kind) => ownIdentity(kind, account));
  return [...own, ...account.identities.map((each) => identityObject(each, account.user.id))];
}

/** An authenticator app as clients read it. */
export const factorObject = (factor: SecondFactor): Json => ({
  id: factor.id,
  created_at: time(factor.createdAt),
  updated_at: time(factor.updatedAt),
  status: factor.verifiedAt === null ? 'unverified' : 'verified',
  ...(factor.name !== null && { friendly_name: factor.name }),
  factor_type: 'totp',
  phone: '',
  last_challenged_at: time(factor.lastChallengedAt) ?? null,
});

/** What is known of the user of an account. Of a deleted one it is next to nothing. */
function knownOf(account: Account) {
  if (account.details.deletedAt === null)
    return { ...account, shownIdentities: identityObjects(account), pseudonym: null };
  const shownIdentities = identityObjects(account).map(({ identity_data, email, ...rest }) => rest);
  const pseudonym = readPseudonym(account.user.email);
  return { ...account, appMetadata: {}, userMetadata: {}, shownIdentities, pseudonym };
}

/** The user of an account, as clients read it. */
export function userObject(account: Account, config: Settings): Json {
  const { user, phone, details, confirmed, appMetadata, userMetadata, shownIdentities, pseudonym } =
    knownOf(account);
  const shown = {
    id: user.id,
    aud: config.gotrue.audience,
    role: details.role ?? AUTHENTICATED,
    email: pseudonym?.email ?? user.email ?? '',
    email_confirmed_at: time(confirmed.email),
    invited_at: time(details.invitedAt),
    phone: pseudonym?.phone ?? shownNumber(phone?.number),
    phone_confirmed_at: time(confirmed.phone),
    confirmation_sent_at: time(details.confirmationSentAt),
    confirmed_at: time(earliest(confirmed.email, confirmed.phone)),
    recovery_sent_at: time(details.recoverySentAt),
    new_email: details.newEmail ?? undefined,
    email_change_sent_at: time(details.emailChangeSentAt),
    new_phone: details.newPhone === null ? undefined : shownNumber(details.newPhone),
    phone_change_sent_at: time(details.phoneChangeSentAt),
    reauthentication_sent_at: time(details.reauthenticationSentAt),
    last_sign_in_at: time(details.lastSignInAt),
    app_metadata: sortKeys(appMetadata),
    user_metadata: sortKeys(userMetadata),
    factors: account.factors.length > 0 ? account.factors.map(factorObject) : undefined,
    identities: shownIdentities,
    created_at: time(user.createdAt),
    updated_at: time(user.updatedAt),
    banned_until: time(details.bannedUntil),
    deleted_at: time(details.deletedAt),
    is_anonymous: details.isAnonymous,
  };
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== undefined));
}

/** The tokens of a session as clients read them. */
export const tokensObject = ({ accessToken, refreshToken, issuedAt, expiresAt }: SignedIn) => ({
  access_token: accessToken,
  token_type: 'bearer',
  // Not counted from now: the clock may have gone on since, and clients compare it with the configured time.
  expires_in: (expiresAt.getTime() - issuedAt.getTime()) / 1000,
  expires_at: expiresAt.getTime() / 1000,
  refresh_token: refreshToken,
});

/** The tokens of a provider as clients read them beside a session. The gateway keeps no long ones, and gives an empty token then. */
export const providerTokensObject = ({ accessToken, refreshToken }: ProviderTokens) => ({
  ...(accessToken !== '' && { provider_token: accessToken }),
  ...(refreshToken !== null && { provider_refresh_token: refreshToken }),
});

/** A session as clients read it: its tokens, and its user. */
export const sessionObject = (signedIn: SignedIn, account: Account, config: Settings): Json => ({
  ...tokensObject(signedIn),
  user: userObject(account, config),
});
