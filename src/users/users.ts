import { and, eq, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type Database, type Queryable, statement } from '../db/client.ts';
import { AuthError } from '../errors.ts';
import { passwords, users } from './tables.ts';

export type User = typeof users.$inferSelect;

const userByEmail = statement((db) =>
  db
    .select({
      user: users,
      passwordHash: passwords.hash,
      suspended: sql<boolean>`${passwords.suspendedAt} is not null`,
    })
    .from(users)
    .leftJoin(passwords, eq(passwords.userId, users.id))
    .where(eq(users.email, sql.placeholder('email')))
    .prepare('user_by_email'),
);

/** The user with this normalised address, and the hash of their password, where they have one, with its standing. */
export async function findUserByEmail(
  db: Database,
  email: string,
): Promise<{ user: User; passwordHash: string | null; suspended: boolean } | null> {
  const [found] = await userByEmail(db).execute({ email });
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
 * Creates a user with a password. The unique index decides who gets an address.
 * @throws AuthError `already_registered` on attribute `email`
 */
export async function createUser(
  tx: Queryable,
  input: { email: string; name: string; passwordHash: string },
): Promise<User> {
  const { email, name, passwordHash } = input;
  const [user] = await tx
    .insert(users)
    .values({ id: uuidv7(), email, name })
    .onConflictDoNothing({ target: users.email })
    .returning();
  if (user === undefined) throw new AuthError('already_registered', { attribute: 'email' });
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
