import { and, eq, isNotNull, isNull, or, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type Database, type Queryable, statement } from '../db/client.ts';
import { violates } from '../db/errors.ts';
import { passwords, users } from '../db/tables/users.ts';
import { AuthError } from '../errors.ts';
import { EMAIL_KEY } from './accounts.ts';
import { emailSpellings } from './attributes.ts';

export type User = Omit<typeof users.$inferSelect, 'canonicalEmail'>;

const userByEmail = statement((db) =>
  db
    .select({
      user: users,
      passwordHash: passwords.hash,
      suspended: sql<boolean>`${passwords.suspendedAt} is not null`,
    })
    .from(users)
    .leftJoin(passwords, eq(passwords.userId, users.id))
    .where(
      or(
        and(eq(users.email, sql.placeholder('former')), isNotNull(users.canonicalEmail)),
        and(eq(users.email, sql.placeholder('canonical')), isNull(users.canonicalEmail)),
      ),
    )
    .orderBy(isNull(users.canonicalEmail))
    .limit(1)
    .prepare('user_by_email'),
);

export type FoundUser = {
  user: User;
  passwordHash: string | null;
  /** Whether the password signs nobody in, until it is shown with a mailed token. */
  suspended: boolean;
};

/**
 * The user with the address that was typed, and the hash of their password, where they have one, with its standing. Any
 * spelling finds the account with its canonical form; an account from before, which could not get that, is found by its
 * own spelling.
 */
export async function findUserByEmail(db: Database, typed: string): Promise<FoundUser | null> {
  const [found] = await userByEmail(db).execute(emailSpellings(typed));
  return found ?? null;
}

const userById = statement((db) =>
  db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder('id')))
    .prepare('user_by_id'),
);

export async function findUser(db: Database, id: string): Promise<User | null> {
  const [user] = await userById(db).execute({ id });
  return user ?? null;
}

/**
 * Creates a user with a password. The database decides who gets an address.
 * @throws AuthError `already_registered` on attribute `email`
 */
export async function createUser(
  tx: Queryable,
  input: { email: string; name: string; passwordHash: string },
): Promise<User> {
  const { email, name, passwordHash } = input;
  const taken = new AuthError('already_registered', { attribute: 'email' });
  const [user] = await tx
    .insert(users)
    .values({ id: uuidv7(), email, name })
    .onConflictDoNothing({ target: users.email })
    .returning()
    // An account from before has another spelling of it: a trigger says so.
    .catch((error: unknown) => Promise.reject(violates(error, EMAIL_KEY) ? taken : error));
  if (user === undefined) throw taken;
  await tx.insert(passwords).values({ userId: user.id, hash: passwordHash });
  return user;
}

/** Replaces a password's hash unless the password was changed in between. Returns whether it did. */
export async function replacePasswordHash(
  db: Queryable,
  input: { userId: string; from: string; to: string },
): Promise<boolean> {
  const replaced = await db
    .update(passwords)
    .set({ hash: input.to })
    .where(and(eq(passwords.userId, input.userId), eq(passwords.hash, input.from)))
    .returning({ userId: passwords.userId });
  return replaced.length > 0;
}

/**
 * Sets the password of a person who has just shown that they read the mails to their address, so that it is proven.
 */
export async function setProvenPassword(
  tx: Queryable,
  { userId, hash }: { userId: string; hash: string },
): Promise<void> {
  const proven = { provenAt: sql`clock_timestamp()`, suspendedAt: null };
  await tx
    .insert(passwords)
    // By the clock, as the trigger dates a changed one: what was asked for while this waited is older.
    .values({ userId, hash, updatedAt: sql`clock_timestamp()`, ...proven })
    .onConflictDoUpdate({ target: passwords.userId, set: { hash, ...proven } });
}
