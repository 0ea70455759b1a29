import { type SQL, sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import { sha256 } from '../crypto/secrets.ts';
import type { Database, Queryable, Transaction } from '../db/client.ts';
import { deleteOldRows } from '../db/prune.ts';
import { type CodePurpose, MAX_ATTEMPTS, oneTimeCodes } from '../db/tables/one-time-codes.ts';
import { users } from '../db/tables/users.ts';
import type { CodeMaker } from './code-maker.ts';

export type { CodePurpose };

/** A code that was found, with what it proves. */
export type OneTimeCode = Readonly<{
  id: string;
  userId: string;
  purpose: CodePurpose;
  /** The address or number that it proves. */
  target: string;
  flowStateId: string | null;
  keepsPassword: boolean;
  isHalf: boolean;
}>;

type CodeRow = {
  id: string;
  user_id: string;
  purpose: CodePurpose;
  target: string;
  flow_state_id: string | null;
  keeps_password: boolean;
  is_half: boolean;
};

const COLUMNS = sql`id, user_id, purpose, target, flow_state_id, keeps_password, is_half`;

const codeOf = (row: CodeRow): OneTimeCode => ({
  id: row.id,
  userId: row.user_id,
  purpose: row.purpose,
  target: row.target,
  flowStateId: row.flow_state_id,
  keepsPassword: row.keeps_password,
  isHalf: row.is_half,
});

/** Seconds for which a request waits for the worker at most: mails are tried for about four days. */
export const WAITING_SECONDS = 5 * 86_400;

type Request = {
  /** If the account does not exist, the same statement stores nothing. */
  userId: string;
  purpose: CodePurpose;
  /** The address or number to which the code goes. */
  target: string;
  flowStateId?: string | null;
  /**
   * Whether the person has given the account's password with this request. Once a request without it was made, no later code keeps
   * the password. `as before`: what the earlier code does.
   */
  keepsPassword?: boolean | 'as before';
  /** Whether the code works only together with that of the other address. */
  isHalf?: boolean;
};

/**
 * Stores the request for a code, in place of the earlier one, whose code and link stop working. The worker makes the code when it
 * delivers the message. The transaction has locked the account.
 * @returns the id of the request, for the job of the message
 */
export async function requestCode(tx: Transaction, request: Request): Promise<string> {
  const { userId, purpose, target, flowStateId = null, keepsPassword = false, isHalf = false } = request;
  const id = uuidv7();
  const kept =
    keepsPassword === 'as before'
      ? sql`former.keeps_password`
      : sql`former.keeps_password and excluded.keeps_password`;
  await tx.execute(sql`
    insert into ${oneTimeCodes} as former (id, user_id, purpose, target, flow_state_id, keeps_password, is_half, expires_at)
    select ${id}::uuid, id, ${purpose}, ${target}, ${flowStateId}::uuid, ${keepsPassword === true}::boolean,
      ${isHalf}::boolean, now() + make_interval(secs => ${WAITING_SECONDS})
    from ${users} where id = ${userId}
    on conflict (user_id, purpose) do update set id = excluded.id, target = excluded.target, code_hash = null,
      link_hash = null, flow_state_id = excluded.flow_state_id, keeps_password = ${kept}, is_half = excluded.is_half,
      confirmed_at = null, attempts = 0, created_at = excluded.created_at, expires_at = excluded.expires_at`);
  return id;
}

/** A code as the message tells it. */
export type MadeCode = OneTimeCode & {
  /** Six digits. */
  code: string;
  /** The token of the link. */
  token: string;
};

/**
 * Makes the code and the link's token of a request, and stores their hashes. Made again, they are the same, and only their time is
 * renewed. The transaction has locked the account.
 * @param input.isPkce whether the link gives a code to exchange, which clients tell by the prefix `pkce_`
 * @param input.hasLink false for a text message
 * @param input.fixedCode replaces the made code: that of a number for tests
 * @returns null if the code was used or retired, or a later request has replaced it
 */
export async function makeCode(
  tx: Transaction,
  maker: CodeMaker,
  input: { id: string; ttlSeconds: number; isPkce?: boolean; hasLink?: boolean; fixedCode?: string },
): Promise<MadeCode | null> {
  const { id, ttlSeconds, isPkce = false, hasLink = true, fixedCode } = input;
  const request = await findCode(tx, id);
  if (request === null) return null;
  const { code: ownCode, token: bare } = maker.make(request);
  const code = fixedCode ?? ownCode;
  const token = isPkce ? `pkce_${bare}` : bare;
  const made = await tx.execute(sql`
    update ${oneTimeCodes} set code_hash = ${maker.hash(request, code)}, link_hash = ${hasLink ? sha256(token) : null},
      expires_at = now() + make_interval(secs => ${ttlSeconds})
    where id = ${id} and confirmed_at is null returning id`);
  return made.length > 0 ? { ...request, code, token } : null;
}

/** Finds the request for a code by its id; null if it was used or retired, or a later request has replaced it. */
export async function findCode(db: Queryable, id: string): Promise<OneTimeCode | null> {
  const [found] = await db.execute<CodeRow>(sql`select ${COLUMNS} from ${oneTimeCodes} where id = ${id}`);
  return found === undefined ? null : codeOf(found);
}

/** Finds the person who asked last for a code to this target, also if it has expired; null if not found. */
export async function findRequester(
  db: Queryable,
  { target, purpose }: { target: string; purpose: CodePurpose },
): Promise<string | null> {
  const [found] = await db.execute<{ user_id: string }>(sql`
    select user_id from ${oneTimeCodes} where target = ${target} and purpose = ${purpose}
    order by created_at desc limit 1`);
  return found?.user_id ?? null;
}

/** Finds the requests of a person, of some purposes, that still wait for their code to be used. */
export async function listCodes(
  db: Queryable,
  { userId, purposes }: { userId: string; purposes: readonly CodePurpose[] },
): Promise<OneTimeCode[]> {
  const found = await db.execute<CodeRow>(sql`
    select ${COLUMNS} from ${oneTimeCodes}
    where user_id = ${userId} and purpose in ${purposes} and confirmed_at is null and expires_at > now()
    order by purpose`);
  return found.map(codeOf);
}

/**
 * Counts one guess at the codes that went to a target, and checks it, without using a code up. The count comes first, in one
 * statement: of many guesses at once, five are checked. After five the code is dead, and the answer is the same as for a
 * target without a code. The link goes on working, so that a stranger who guesses does not take it from its owner.
 * @param input.targets the spellings of the address or number
 * @returns the code that fits; null if none does
 */
export const guessCode = (
  db: Queryable,
  maker: CodeMaker,
  { targets, purposes, code }: { targets: readonly string[]; purposes: readonly CodePurpose[]; code: string },
): Promise<OneTimeCode | null> =>
  guess(db, maker, { at: sql`target in ${targets} and purpose in ${purposes}`, code });

/** Counts one guess at the code of a known person. @see guessCode */
export const guessCodeOf = (
  db: Queryable,
  maker: CodeMaker,
  { userId, purpose, code }: { userId: string; purpose: CodePurpose; code: string },
): Promise<OneTimeCode | null> =>
  guess(db, maker, { at: sql`user_id = ${userId} and purpose = ${purpose}`, code });

async function guess(
  db: Queryable,
  maker: CodeMaker,
  { at, code }: { at: SQL; code: string },
): Promise<OneTimeCode | null> {
  const guessed = await db.execute<CodeRow & { code_hash: Buffer }>(sql`
    update ${oneTimeCodes} set attempts = attempts + 1
    where ${at} and code_hash is not null and confirmed_at is null
      and attempts < ${MAX_ATTEMPTS} and expires_at > now()
    returning ${COLUMNS}, code_hash`);
  const [fitting] = guessed.filter((row) => maker.fits(codeOf(row), code, row.code_hash));
  return fitting === undefined ? null : codeOf(fitting);
}

/** Finds the code whose link has this token, without using it up: mail scanners open links too. Null if not found. */
export async function findCodeByLink(
  db: Queryable,
  { token, purposes }: { token: string; purposes: readonly CodePurpose[] },
): Promise<OneTimeCode | null> {
  const [found] = await db.execute<CodeRow>(sql`
    select ${COLUMNS} from ${oneTimeCodes}
    where link_hash = ${sha256(token)} and purpose in ${purposes} and confirmed_at is null and expires_at > now()`);
  return found === undefined ? null : codeOf(found);
}

/**
 * Uses a code up, in one statement: of many attempts at once, one gets true. The transaction has locked the account.
 * @param code what `guessCode` or `findCodeByLink` has found
 */
export async function redeemCode(tx: Transaction, { id }: Pick<OneTimeCode, 'id'>): Promise<boolean> {
  const redeemed = await tx.execute(sql`
    delete from ${oneTimeCodes} where id = ${id} and confirmed_at is null and expires_at > now() returning id`);
  return redeemed.length > 0;
}

/**
 * Confirms one half of a change, in one statement. The row stays until the other half is confirmed. The transaction has locked the
 * account.
 * @returns false if it was confirmed, used or retired before
 */
export async function confirmHalf(tx: Transaction, { id }: Pick<OneTimeCode, 'id'>): Promise<boolean> {
  const confirmed = await tx.execute(sql`
    update ${oneTimeCodes} set confirmed_at = now()
    where id = ${id} and confirmed_at is null and expires_at > now() returning id`);
  return confirmed.length > 0;
}

/** Tells whether a person has confirmed the half of a change that has this purpose. */
export async function isHalfConfirmed(
  tx: Transaction,
  { userId, purpose }: { userId: string; purpose: CodePurpose },
): Promise<boolean> {
  const found = await tx.execute(sql`
    select from ${oneTimeCodes} where user_id = ${userId} and purpose = ${purpose} and confirmed_at is not null`);
  return found.length > 0;
}

/** Retires the codes of a person: of some purposes, or all. The transaction has locked the account. */
export async function retireCodes(
  tx: Queryable,
  userId: string,
  purposes: readonly CodePurpose[] | null = null,
): Promise<void> {
  const which = purposes === null ? sql`` : sql` and purpose in ${purposes}`;
  await tx.execute(sql`delete from ${oneTimeCodes} where user_id = ${userId}${which}`);
}

/** Days for which an expired request stays: one for the same purpose then knows whether to keep the password. */
const KEEP_EXPIRED_DAYS = 7;

/** Deletes codes that expired a week ago, a bounded number each time. */
export const pruneOneTimeCodes = (db: Database): Promise<void> =>
  deleteOldRows(db, {
    table: oneTimeCodes,
    key: oneTimeCodes.id,
    where: sql`${oneTimeCodes.expiresAt} < now() - make_interval(days => ${KEEP_EXPIRED_DAYS})`,
  });
