import { eq, type SQL, sql } from 'drizzle-orm';
import { type Database, type Queryable, statement } from '../db/client.ts';
import { violates } from '../db/errors.ts';
import { identities } from '../db/tables/identities.ts';
import { phones } from '../db/tables/phones.ts';
import { passwords, users } from '../db/tables/users.ts';
import { AuthError } from '../errors.ts';
import type { FoundUser } from './users.ts';

/** The form of E.164 without its plus sign. */
const DIGITS = /^[1-9][0-9]{1,14}$/;

/**
 * Parses a typed phone number: a plus sign and spaces are allowed. Returns it in the form of E.164, for example `+15005550006`.
 * @throws AuthError `invalid` on the given attribute
 */
export function parsePhone(typed: string, attribute = 'phone'): string {
  const digits = typed.trim().replace(/^\+/, '').replaceAll(' ', '');
  if (!DIGITS.test(digits))
    throw new AuthError('invalid', { attribute, message: 'Invalid phone number format (E.164 required)' });
  return `+${digits}`;
}

/** A user's phone number, in the form of E.164. `verifiedAt` is null until the user gave a code that was sent to it. */
type Phone = { number: string; verifiedAt: Date | null };

/** Finds the phone number of a user; null if they have none. */
export async function findPhone(db: Queryable, userId: string): Promise<Phone | null> {
  const [found] = await db
    .select({ number: phones.number, verifiedAt: phones.verifiedAt })
    .from(phones)
    .where(eq(phones.userId, userId));
  return found ?? null;
}

/** Whether a user has a phone number that is verified. */
export async function hasVerifiedPhone(db: Queryable, userId: string): Promise<boolean> {
  const phone = await findPhone(db, userId);
  return phone !== null && phone.verifiedAt !== null;
}

const userByPhone = statement((db) =>
  db
    .select({
      user: users,
      passwordHash: passwords.hash,
      suspended: sql<boolean>`${passwords.suspendedAt} is not null`,
      verified: sql<boolean>`${phones.verifiedAt} is not null`,
      opensAccount: sql<boolean>`${opensAccount()}`,
    })
    .from(phones)
    .innerJoin(users, eq(users.id, phones.userId))
    .leftJoin(passwords, eq(passwords.userId, users.id))
    .where(eq(phones.number, sql.placeholder('number')))
    .prepare('user_by_phone'),
);

/**
 * Whether a code to the number signs in. Anyone can give their account a number that is not theirs, while AUTOCONFIRM covers it. The
 * number's owner must not get into the account of a stranger, who could come back by the address or a provider.
 */
const opensAccount = (): SQL => sql`(${phones.verifiedAt} is not null or (${users.email} is null
  and not exists (select from ${identities} where ${identities.userId} = ${users.id})))`;

export type FoundByPhone = FoundUser & {
  verified: boolean;
  /** Whether a code that is sent to the number signs in to the account. */
  opensAccount: boolean;
};

/** Finds the user with a phone number, in the form of E.164; null if not found. */
export async function findUserByPhone(db: Database, number: string): Promise<FoundByPhone | null> {
  const [found] = await userByPhone(db).execute({ number });
  return found ?? null;
}

/**
 * Finds the phone number of a user that the transaction has locked; null if they have none.
 * `opensAccount`: see `findUserByPhone`.
 */
export async function findOpeningPhone(
  tx: Queryable,
  userId: string,
): Promise<(Phone & { opensAccount: boolean }) | null> {
  const [found] = await tx
    .select({
      number: phones.number,
      verifiedAt: phones.verifiedAt,
      opensAccount: sql<boolean>`${opensAccount()}`,
    })
    .from(phones)
    .innerJoin(users, eq(users.id, phones.userId))
    .where(eq(phones.userId, userId));
  return found ?? null;
}

/** The constraint for a number that another user has. */
const NUMBER_KEY = 'phones_number_key';

/**
 * Gives a user a phone number, in place of an earlier one. The database decides who gets a number. The transaction has locked the
 * user, or has just made them. If the number is taken, the transaction cannot go on.
 * @throws AuthError `phone_taken` on the given attribute
 */
export async function setPhone(
  tx: Queryable,
  { userId, number, verified }: { userId: string; number: string; verified: boolean },
  attribute = 'phone',
): Promise<void> {
  const verifiedAt = verified ? sql`now()` : null;
  await tx
    .insert(phones)
    .values({ userId, number, verifiedAt })
    .onConflictDoUpdate({ target: phones.userId, set: { number, verifiedAt, updatedAt: sql`now()` } })
    .catch((error: unknown) => {
      throw violates(error, NUMBER_KEY) ? new AuthError('phone_taken', { attribute }) : error;
    });
}

/** Marks the phone number of a user as verified. One that is verified already keeps the time of it. */
export async function verifyPhone(tx: Queryable, userId: string): Promise<void> {
  await tx
    .update(phones)
    .set({ verifiedAt: sql`coalesce(${phones.verifiedAt}, now())`, updatedAt: sql`now()` })
    .where(eq(phones.userId, userId));
}
