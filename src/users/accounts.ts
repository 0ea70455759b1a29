import { eq, sql } from 'drizzle-orm';
import type { Config } from '../config/config.ts';
import { type Database, type Queryable, statement } from '../db/client.ts';
import { accountDetails, type Metadata } from '../db/tables/account-details.ts';
import { identities } from '../db/tables/identities.ts';
import { identityProfiles } from '../db/tables/identity-profiles.ts';
import { phones } from '../db/tables/phones.ts';
import { sessions } from '../db/tables/sessions.ts';
import { passwords, users } from '../db/tables/users.ts';
import { factorOf, factorsOf } from '../second-factors/factor-json.ts';
import type { SecondFactor } from '../second-factors/factors.ts';
import { type AccountDetails, detailsOf } from './account-details.ts';
import { confirmationsOf, shownUserMetadata } from './confirmations.ts';
import { shownAppMetadata, signInProviders } from './sign-in-providers.ts';
import type { User } from './users.ts';

/** An account at a provider by which a user may sign in. */
export type LinkedIdentity = Omit<typeof identities.$inferSelect, 'userId'> &
  Readonly<{
    /** What the provider said at the last sign-in; null for an imported identity that has not signed in here. */
    profile: Metadata | null;
    lastSignInAt: Date | null;
    updatedAt: Date | null;
  }>;

/** What is stored of an account for the clients of the GoTrue dialect. */
export type StoredAccount = Readonly<{
  user: User;
  hasPassword: boolean;
  /** In the form of E.164, and when it was verified; null if the user has none. */
  phone: { number: string; verifiedAt: Date | null } | null;
  details: AccountDetails;
  /** The oldest first. */
  identities: readonly LinkedIdentity[];
  /** The authenticator apps, the oldest first. */
  factors: readonly SecondFactor[];
}>;

/** An account as clients of the GoTrue dialect see it. */
export type Account = StoredAccount &
  Readonly<{
    /** The ways by which the user signs in, the first first: `email`, `phone`, names of providers. */
    ways: readonly string[];
    /** When the address and the number were confirmed; null if they are not. */
    confirmed: Readonly<{ email: Date | null; phone: Date | null }>;
    userMetadata: Metadata;
    appMetadata: Metadata;
  }>;

type Settings = Pick<Config, 'gotrue'>;

type IdentityJson = Omit<LinkedIdentity, 'createdAt' | 'lastSignInAt' | 'updatedAt'> & {
  createdAt: string;
  lastSignInAt: string | null;
  updatedAt: string | null;
};

const linkedIdentity = ({
  createdAt,
  lastSignInAt,
  updatedAt,
  ...identity
}: IdentityJson): LinkedIdentity => ({
  ...identity,
  createdAt: new Date(createdAt),
  lastSignInAt: lastSignInAt === null ? null : new Date(lastSignInAt),
  updatedAt: updatedAt === null ? null : new Date(updatedAt),
});

/** What a query selects of an account. It joins the details and the phone number of the user. */
export const accountColumns = {
  user: users,
  details: accountDetails,
  phone: phones,
  hasPassword: sql<boolean>`exists (select from ${passwords} where ${passwords.userId} = ${users.id})`,
  lastSignInAt: sql<string | null>`(
    select max(s.created_at) from ${sessions} s where s.user_id = ${users.id} and s.opened_by <> 'access_token')`,
  identities: sql<IdentityJson[]>`coalesce((
    select json_agg(json_build_object('id', i.id, 'provider', i.provider, 'issuer', i.issuer, 'subject', i.subject,
      'email', i.email, 'createdAt', i.created_at, 'profile', p.data, 'lastSignInAt', p.last_sign_in_at,
      'updatedAt', p.updated_at) order by i.created_at, i.id)
    from ${identities} i left join ${identityProfiles} p on p.identity_id = i.id where i.user_id = ${users.id}), '[]')`,
  factors: factorsOf(users.id),
};

/** Selects accounts. A condition and an order follow. */
export const selectAccounts = (db: Database) =>
  db
    .select(accountColumns)
    .from(users)
    .leftJoin(accountDetails, eq(accountDetails.userId, users.id))
    .leftJoin(phones, eq(phones.userId, users.id));

type AccountRow = Awaited<ReturnType<typeof selectAccounts>>[number];

/** Makes an account of a row with `accountColumns`. */
export function accountOf(row: AccountRow, config: Settings): Account {
  const { user, hasPassword, phone } = row;
  const linked = row.identities.map(linkedIdentity);
  const details = detailsOf(row.details);
  // An ended session is pruned after a while. What an import brought stays.
  const lastSignInAt = row.lastSignInAt === null ? details.lastSignInAt : new Date(row.lastSignInAt);
  const stored = { user, hasPassword, phone, details: { ...details, lastSignInAt }, identities: linked };
  return describeAccount({ ...stored, factors: row.factors.map(factorOf) }, config);
}

const accountById = statement((db) =>
  selectAccounts(db)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare('account_by_id'),
);

/** Finds an account by the id of its user; null if not found. */
export async function findAccount(
  { db, config }: { db: Database; config: Settings },
  id: string,
): Promise<Account | null> {
  const [found] = await accountById(db).execute({ id });
  return found === undefined ? null : accountOf(found, config);
}

/** Lists the ways by which a user signs in without a provider: `email`, `phone`. */
export async function findOwnWays(
  db: Queryable,
  { id, email }: Pick<User, 'id' | 'email'>,
): Promise<string[]> {
  const [found] = await db
    .select({
      provider: accountDetails.provider,
      phone: phones.number,
      hasPassword: sql<boolean>`exists (select from ${passwords}
        where ${passwords.userId} = ${users.id} and ${passwords.suspendedAt} is null)`,
    })
    .from(users)
    .leftJoin(accountDetails, eq(accountDetails.userId, users.id))
    .leftJoin(phones, eq(phones.userId, users.id))
    .where(eq(users.id, id));
  if (found === undefined) return [];
  return signInProviders({ ...found, email, linked: [] });
}

/** Makes what clients of the GoTrue dialect see from what is stored of an account. */
export function describeAccount(stored: StoredAccount, config: Settings): Account {
  const { user, phone, hasPassword, details, identities } = stored;
  const { id, email, emailVerifiedAt, createdAt } = user;
  const number = phone?.number ?? null;
  const linked = identities.map(({ provider }) => provider);
  const ways = signInProviders({ email, phone: number, hasPassword, provider: details.provider, linked });
  const confirmed = confirmationsOf(
    { email, emailVerifiedAt, createdAt, phone: number, phoneVerifiedAt: phone?.verifiedAt ?? null },
    config,
  );
  const facts = {
    ...{ sub: id, email: email ?? '' },
    ...{ email_verified: confirmed.email !== null, phone_verified: confirmed.phone !== null },
  };
  const hasProvenEmail = email !== null && emailVerifiedAt !== null;
  const userMetadata = shownUserMetadata(details.userMetadata, facts, hasProvenEmail);
  const appMetadata = shownAppMetadata(details.appMetadata, ways);
  return { ...stored, ways, confirmed, userMetadata, appMetadata };
}
