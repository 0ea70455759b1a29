import { and, eq, inArray, not, type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Queryable, Transaction } from '../db/client.ts';
import { identities } from '../db/tables/identities.ts';
import { identityProfiles } from '../db/tables/identity-profiles.ts';

/** Who a person is at a provider, for the database. */
export type ProviderIdentity = Readonly<{
  /** The name of the provider as the operator configured it. */
  provider: string;
  /** The name, and those by which imports stored it. */
  knownAs: readonly string[];
  issuer: string;
  subject: string;
  email: string | null;
  emailVerified: boolean;
  /** The claims that clients see. */
  profile: Readonly<Record<string, unknown>>;
}>;

export type FoundIdentity = Readonly<{ id: string; userId: string; provenAt: Date | null }>;

/** Bytes of a profile's JSON at most. A longer one keeps what identifies the person. */
const MAX_PROFILE_BYTES = 16_384;
const MAX_EMAIL_LENGTH = 254;

function storable({ profile, subject, issuer }: ProviderIdentity): Record<string, unknown> {
  const fits = Buffer.byteLength(JSON.stringify(profile)) <= MAX_PROFILE_BYTES;
  return fits ? { ...profile } : { iss: issuer, sub: subject };
}

const storableEmail = ({ email }: ProviderIdentity): string | null =>
  email !== null && email.length <= MAX_EMAIL_LENGTH ? email : null;

/**
 * Finds the identity of a person at a provider. The issuer and the subject identify it, never the address (OpenID Connect Core 5.7).
 * An imported identity has no issuer.
 */
export async function findIdentity(
  db: Queryable,
  { knownAs, issuer, subject }: Pick<ProviderIdentity, 'knownAs' | 'issuer' | 'subject'>,
): Promise<FoundIdentity | null> {
  const [found] = await db
    .select({ id: identities.id, userId: identities.userId, provenAt: identityProfiles.provenAt })
    .from(identities)
    .leftJoin(identityProfiles, eq(identityProfiles.identityId, identities.id))
    .where(
      and(
        inArray(identities.provider, [...knownAs]),
        inArray(identities.issuer, ['', issuer]),
        eq(identities.subject, subject),
      ),
    )
    .orderBy(sql`${identities.issuer} = ''`)
    .limit(1);
  return found ?? null;
}

/**
 * Links an identity to an account, which the transaction has locked. The database decides who gets it.
 * @param input.proven whether the holder of the account's mailbox stands behind the link
 * @returns null if it is linked already
 */
export async function insertIdentity(
  tx: Transaction,
  input: { userId: string; identity: ProviderIdentity; proven: boolean },
): Promise<string | null> {
  const { userId, identity, proven } = input;
  const { provider, issuer, subject } = identity;
  const [inserted] = await tx
    .insert(identities)
    .values({ id: uuidv7(), userId, provider, issuer, subject, email: storableEmail(identity) })
    .onConflictDoNothing()
    .returning({ id: identities.id });
  if (inserted === undefined) return null;
  await writeProfile(tx, inserted.id, identity, { provenAt: proven ? sql`now()` : null });
  return inserted.id;
}

/** Records what the provider says at a sign-in. An imported identity gets the provider's name and issuer of today. */
export async function updateIdentity(tx: Transaction, id: string, identity: ProviderIdentity): Promise<void> {
  const { provider, issuer } = identity;
  await tx
    .update(identities)
    .set({ email: storableEmail(identity), provider, issuer })
    .where(eq(identities.id, id));
  await writeProfile(tx, id, identity, {});
}

/** Records that the holder of the account's mailbox stands behind an identity. */
export async function proveIdentity(tx: Transaction, id: string): Promise<void> {
  await tx
    .update(identityProfiles)
    .set({ provenAt: sql`coalesce(${identityProfiles.provenAt}, now())` })
    .where(eq(identityProfiles.identityId, id));
}

async function writeProfile(
  tx: Transaction,
  identityId: string,
  identity: ProviderIdentity,
  proof: { provenAt?: SQL | null },
): Promise<void> {
  const values = {
    ...{ data: storable(identity), emailVerified: identity.emailVerified },
    ...{ lastSignInAt: sql`now()`, updatedAt: sql`now()` },
    ...proof,
  };
  await tx
    .insert(identityProfiles)
    .values({ identityId, ...values })
    .onConflictDoUpdate({ target: identityProfiles.identityId, set: values });
}

/** An identity as its owner sees it. */
export type OwnIdentity = Readonly<{
  id: string;
  provider: string;
  email: string | null;
  createdAt: Date;
  /** Null for an imported identity that has not signed in here. */
  lastSignInAt: Date | null;
}>;

/** Lists the identities of a person at providers, the oldest first. */
export const listIdentities = (db: Queryable, userId: string): Promise<OwnIdentity[]> =>
  db
    .select({
      id: identities.id,
      provider: identities.provider,
      email: identities.email,
      createdAt: identities.createdAt,
      lastSignInAt: identityProfiles.lastSignInAt,
    })
    .from(identities)
    .leftJoin(identityProfiles, eq(identityProfiles.identityId, identities.id))
    .where(eq(identities.userId, userId))
    .orderBy(identities.createdAt, identities.id);

/** How many identities a person may link. */
export const MAX_IDENTITIES = 20;

/** Unlinks an identity of a person. */
export async function deleteIdentity(
  tx: Transaction,
  { id, userId }: { id: string; userId: string },
): Promise<void> {
  await tx.delete(identities).where(and(eq(identities.id, id), eq(identities.userId, userId)));
}

/**
 * Unlinks the identities that a stranger may have linked to an account before the holder of its mailbox came. One stays if its
 * provider stands for the same address.
 * @param input.first whether the address was never proven before: an imported identity may then be a stranger's too
 */
export async function deleteUnprovenIdentities(
  tx: Transaction,
  { userId, email, first }: { userId: string; email: string | null; first: boolean },
): Promise<void> {
  const hasProfile = (condition: SQL) =>
    sql`exists (select from ${identityProfiles} p where p.identity_id = ${identities.id} and ${condition})`;
  await tx.delete(identities).where(
    and(
      eq(identities.userId, userId),
      not(hasProfile(sql`p.proven_at is not null`)),
      not(hasProfile(sql`p.email_verified and ${identities.email} = ${email}`)),
      // An imported identity has no profile before its first sign-in.
      first ? undefined : hasProfile(sql`true`),
    ),
  );
}

/** Records that the holder of the account's mailbox stands behind all identities of the account. */
export async function proveIdentities(tx: Transaction, userId: string): Promise<void> {
  await setProof(tx, userId, sql`coalesce(proven_at, now())`);
}

/** Marks the identities of a person as not proven, since the address of the account is another one now. */
export async function unproveIdentities(tx: Transaction, userId: string): Promise<void> {
  await setProof(tx, userId, sql`null`);
}

async function setProof(tx: Transaction, userId: string, provenAt: SQL): Promise<void> {
  await tx.execute(sql`
    update ${identityProfiles} set proven_at = ${provenAt}
    where identity_id in (select id from ${identities} where user_id = ${userId})`);
}
