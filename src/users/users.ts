import { and, eq, inArray, isNotNull, isNull, ne, or, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { type Database, type Queryable, statement, type Transaction } from '../db/client.ts';
import { CLOCK } from '../db/clock.ts';
import { violates } from '../db/errors.ts';
import { runGuarded } from '../db/guarded.ts';
import { passwords, users } from '../db/tables/users.ts';
import { AuthError } from '../errors.ts';
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
  /** Whether the password is suspended: it signs in again after the person has shown it beside a mailed token. */
  suspended: boolean;
};

/**
 * Finds the user with a typed address, the hash of their password, and whether it is suspended. Null if not found. Any
 * spelling finds the account with the canonical form. An older account that could not get the canonical form is found by its
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

/** Finds a user by id; null if not found. */
export async function findUser(db: Database, id: string): Promise<User | null> {
  const [user] = await userById(db).execute({ id });
  return user ?? null;
}

type NewUser = {
  /** Null: the gateway makes one. */
  id?: string | null;
  /** Null: no address. */
  email: string | null;
  name: string | null;
  /** Null: no password. The person sets one by a mailed link. */
  passwordHash: string | null;
  /** Whether the person holds the mailbox of the address. A password then counts as proven. */
  verified?: boolean;
};

/**
 * Creates a user. The database decides who gets an address.
 * @throws AuthError `already_registered` on attribute `email` or `id`
 */
export async function createUser(tx: Queryable, input: NewUser): Promise<User> {
  const { id = null, email, name, passwordHash, verified = false } = input;
  const taken = new AuthError('already_registered', { attribute: 'email' });
  const [user] = await tx
    .insert(users)
    .values({ id: id ?? uuidv7(), email, name, emailVerifiedAt: verified ? sql`now()` : null })
    .onConflictDoNothing({ target: users.email })
    .returning()
    // A trigger raises this if an older account has another spelling of the address.
    .catch((error: unknown) => {
      if (violates(error, EMAIL_KEY)) throw taken;
      throw violates(error, ID_KEY) ? idTaken() : error;
    });
  if (user === undefined) throw taken;
  if (passwordHash !== null)
    await tx
      .insert(passwords)
      .values({ userId: user.id, hash: passwordHash, provenAt: verified ? CLOCK : null });
  return user;
}

/**
 * Locks a user, so that changes of one account take turns; null if not found. Rows that belong to the account are
 * locked after it.
 */
export async function lockUser(tx: Transaction, id: string): Promise<User | null> {
  const [user] = await tx.select().from(users).where(eq(users.id, id)).for('update');
  return user ?? null;
}

/** Tells whether an account has the mailbox of an address, in any spelling of it. */
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
  /** `now` for another address, which is verified from now on. `true` keeps the time of an earlier verification. */
  emailVerified: boolean | 'now';
  disabled: boolean;
}>;

/** How the database spells what becomes of the verification; null: it stays as it is. */
function verificationOf(emailVerified: Changes['emailVerified']): 'now' | 'once' | 'never' | null {
  if (emailVerified === undefined) return null;
  if (emailVerified === 'now') return 'now';
  return emailVerified ? 'once' : 'never';
}

/**
 * Changes a user; null if not found. A user who is verified or disabled already keeps the time of it.
 * @throws AuthError `refused_by_application`
 */
export async function updateUser(
  tx: Queryable,
  id: string,
  { name, email, emailVerified, disabled }: Changes,
): Promise<User | null> {
  await runGuarded(
    tx,
    sql`select from portcullis_private.update_user(${id}, ${email ?? null}, ${name ?? null}, ${verificationOf(emailVerified)},
      ${disabled ?? null}::boolean)`,
  );
  const [user] = await tx.select().from(users).where(eq(users.id, id));
  return user ?? null;
}

/**
 * The constraint for an address that is taken. The unique index raises it, and so does the trigger for other spellings.
 */
const EMAIL_KEY = 'users_email_key';
const ID_KEY = 'users_pkey';

const idTaken = (): AuthError =>
  new AuthError('already_registered', { attribute: 'id', message: 'A user with this id exists already.' });

/**
 * Runs a transaction that gives a user another address. Null if another account has the address; then the transaction
 * is rolled back. The database decides.
 */
export async function unlessEmailTaken<Result>(run: () => Promise<Result>): Promise<Result | null> {
  try {
    return await run();
  } catch (error) {
    if (violates(error, EMAIL_KEY)) return null;
    throw error;
  }
}

/**
 * Deletes a user with everything that is only theirs. Returns whether the user existed.
 * @throws AuthError `refused_by_application`
 */
export async function deleteUser(tx: Transaction, id: string): Promise<boolean> {
  const deleted = await runGuarded(
    tx,
    sql`select from portcullis_private.delete_users(array[${id}]::uuid[])`,
  );
  return deleted.length > 0;
}
