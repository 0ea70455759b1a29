import { and, eq, inArray, ne, or, sql } from 'drizzle-orm';
import type { Queryable, Transaction } from '../db/client.ts';
import { violates } from '../db/errors.ts';
import { passwords, users } from '../db/tables/users.ts';
import { emailSpellings } from './attributes.ts';
import type { User } from './users.ts';

/** The user, locked: changes of one account take turns. What hangs on the account is locked after it. */
export async function lockUser(tx: Transaction, id: string): Promise<User | null> {
  const [user] = await tx.select().from(users).where(eq(users.id, id)).for('update');
  return user ?? null;
}

export async function findPasswordHash(db: Queryable, userId: string): Promise<string | null> {
  const [found] = await db
    .select({ hash: passwords.hash })
    .from(passwords)
    .where(eq(passwords.userId, userId));
  return found?.hash ?? null;
}

/** Whether an account has the mailbox of an address that was typed, in whichever spelling. */
export async function isEmailTaken(db: Queryable, typed: string): Promise<boolean> {
  const { canonical, former } = emailSpellings(typed);
  const found = await db
    .select({ id: users.id })
    .from(users)
    .where(
      or(
        inArray(users.email, [canonical, former]),
        and(eq(users.canonicalEmail, canonical), ne(users.canonicalEmail, '')),
      ),
    )
    .limit(1);
  return found.length > 0;
}

type Changes = Partial<{
  name: string;
  email: string;
  /** `anew` for another address, which is verified from now on. */
  emailVerified: true | 'anew';
  disabled: boolean;
}>;

/** Changes a user; null where there is none. Becoming what one is already keeps the moment it happened. */
export async function updateUser(
  tx: Queryable,
  id: string,
  { name, email, emailVerified, disabled }: Changes,
): Promise<User | null> {
  const [user] = await tx
    .update(users)
    .set({
      ...(name !== undefined && { name }),
      ...(email !== undefined && { email }),
      ...(emailVerified && {
        emailVerifiedAt:
          emailVerified === 'anew' ? sql`now()` : sql`coalesce(${users.emailVerifiedAt}, now())`,
      }),
      ...(disabled !== undefined && {
        disabledAt: disabled ? sql`coalesce(${users.disabledAt}, now())` : null,
      }),
    })
    .where(eq(users.id, id))
    .returning();
  return user ?? null;
}

/** The unique index, and what the trigger raises that knows accounts with other spellings. */
export const EMAIL_KEY = 'users_email_key';

/**
 * Runs what gives a user another address. Null if another account has it, and then nothing of it was done: the
 * database decides.
 */
export async function unlessEmailTaken<Result>(run: () => Promise<Result>): Promise<Result | null> {
  try {
    return await run();
  } catch (error) {
    if (violates(error, EMAIL_KEY)) return null;
    throw error;
  }
}

/** Deletes a user with everything that is only theirs. */
export async function deleteUser(tx: Transaction, id: string): Promise<boolean> {
  const deleted = await tx.delete(users).where(eq(users.id, id)).returning({ id: users.id });
  return deleted.length > 0;
}
