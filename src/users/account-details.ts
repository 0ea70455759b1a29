import { and, eq, type SQL, sql } from 'drizzle-orm';
import type { Queryable } from '../db/client.ts';
import { accountDetails, type Metadata } from '../db/tables/account-details.ts';
import { users } from '../db/tables/users.ts';

export type { Metadata };

export type AccountDetails = Omit<typeof accountDetails.$inferSelect, 'userId'>;

const NONE: AccountDetails = {
  userMetadata: {},
  appMetadata: {},
  role: null,
  provider: null,
  isAnonymous: false,
  invitedAt: null,
  confirmationSentAt: null,
  recoverySentAt: null,
  newEmail: null,
  emailChangeSentAt: null,
  newPhone: null,
  phoneChangeSentAt: null,
  reauthenticationSentAt: null,
  lastSignInAt: null,
  bannedUntil: null,
  deletedAt: null,
};

/** Finds the details of an account. An account without a row has none of them. */
export async function findAccountDetails(db: Queryable, userId: string): Promise<AccountDetails> {
  const [found] = await db.select().from(accountDetails).where(eq(accountDetails.userId, userId));
  return detailsOf(found ?? null);
}

/** The details that a row has. An account without a row has none of them. */
export function detailsOf(row: typeof accountDetails.$inferSelect | null): AccountDetails {
  if (row === null) return NONE;
  const { userId: _, ...details } = row;
  return details;
}

type Change<Value> = Value | SQL;

/** Changes some details of an account, which the transaction has locked. */
export async function setAccountDetails(
  tx: Queryable,
  userId: string,
  changes: Partial<{ [Name in keyof AccountDetails]: Change<AccountDetails[Name]> }>,
): Promise<void> {
  await tx
    .insert(accountDetails)
    .values({ userId, ...changes })
    .onConflictDoUpdate({
      target: accountDetails.userId,
      set: { userId: sql`excluded.user_id`, ...changes },
    });
}

/** The columns that keep when the gateway last sent a code, and when an administrator last invited the user. */
const SENT = {
  invitedAt: 'invited_at',
  confirmationSentAt: 'confirmation_sent_at',
  recoverySentAt: 'recovery_sent_at',
  emailChangeSentAt: 'email_change_sent_at',
  phoneChangeSentAt: 'phone_change_sent_at',
  reauthenticationSentAt: 'reauthentication_sent_at',
} as const;

/** Records that a code is sent now, or that the user is invited. If the account does not exist, the same statement records nothing. */
export async function recordSent(tx: Queryable, userId: string, detail: keyof typeof SENT): Promise<void> {
  const column = sql.identifier(SENT[detail]);
  await tx.execute(sql`
    insert into ${accountDetails} (user_id, ${column}) select id, now() from ${users} where id = ${userId}
    on conflict (user_id) do update set ${column} = excluded.${column}`);
}

/** Forgets when codes were sent: those codes are retired. */
export async function forgetSent(tx: Queryable, userId: string): Promise<void> {
  await tx
    .update(accountDetails)
    .set({
      ...{ confirmationSentAt: null, recoverySentAt: null, reauthenticationSentAt: null },
      ...{ emailChangeSentAt: null, phoneChangeSentAt: null },
    })
    .where(eq(accountDetails.userId, userId));
}

/** Forgets what a user says of themselves. The facts that GoTrue keeps beside it stay. */
export async function forgetUserMetadata(tx: Queryable, userId: string): Promise<void> {
  await tx.execute(sql`
    update ${accountDetails} set user_metadata = coalesce((
      select jsonb_object_agg(key, value) from jsonb_each(user_metadata)
      where key in ('sub', 'email', 'email_verified', 'phone_verified')), '{}')
    where user_id = ${userId}`);
}

/** Whether a user has signed in without an address, and has not added an address or another way to sign in. */
export const findAnonymity = async (
  db: Queryable,
  { id, email }: { id: string; email: string | null },
): Promise<boolean> => email === null && (await findAccountDetails(db, id)).isAnonymous;

/** Records that a user has another way to sign in than the session that they began with. */
export async function endAnonymity(tx: Queryable, userId: string): Promise<void> {
  await tx
    .update(accountDetails)
    .set({ isAnonymous: false, newEmail: null })
    .where(and(eq(accountDetails.userId, userId), eq(accountDetails.isAnonymous, true)));
}

/** Merges metadata as GoTrue does: a null deletes the key, and any other value replaces it. */
export function mergeMetadata(former: Metadata, changes: Metadata): Metadata {
  const merged = Object.entries({ ...former, ...changes }).filter(([, value]) => value !== null);
  return Object.fromEntries(merged);
}
