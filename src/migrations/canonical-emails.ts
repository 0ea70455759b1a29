import { sql } from 'drizzle-orm';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { violates } from '../db/errors.ts';
import { canonicalEmail } from '../mail/email-address.ts';

/** How many rows are in memory, or locked, at once. */
const BATCH = 500;

/** How often a change is tried. A sign-up or an invite may come between the lookup and the change. */
const MAX_TRIES = 5;

/**
 * Gives accounts and invites from before migration 0003 their canonical addresses, which SQL cannot compute. An account
 * stays as it is if it has no canonical address, or if another account has the same one. An operator then changes or deletes
 * one. When none of these accounts is left, the checks of both tables are validated, and later calls do nothing.
 *
 * The caller holds the migration lock. If the work is interrupted, the next call continues it.
 */
export async function canonicalizeEmails(db: PostgresJsDatabase): Promise<void> {
  if (!(await isValidated(db, 'invites', 'invites_email_canonical'))) {
    await forEachInvite(db, (invite) => canonicalizeInvite(db, invite));
    await db.execute(sql`alter table portcullis.invites validate constraint invites_email_canonical`);
  }
  if (await isValidated(db, 'users', 'users_email_canonical')) return;
  await markUsers(db);
  let changed = BATCH;
  while (changed > 0) changed = await retried(() => changeUsers(db));
  const [left] = await db.execute(
    sql`select from portcullis.users where canonical_email is not null limit 1`,
  );
  if (left === undefined)
    await db.execute(sql`alter table portcullis.users validate constraint users_email_canonical`);
}

async function isValidated(db: PostgresJsDatabase, table: string, constraint: string): Promise<boolean> {
  const [found] = await db.execute<{ convalidated: boolean }>(sql`
    select convalidated from pg_catalog.pg_constraint
    where conrelid = ${`portcullis.${table}`}::regclass and conname = ${constraint}`);
  return found?.convalidated === true;
}

/** Retries work that the unique index refused. The next lookup sees the row that was faster. */
async function retried<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++)
    try {
      return await work();
    } catch (error) {
      const isTaken = violates(error, 'users_email_key') || violates(error, 'invites_team_id_email_key');
      if (!isTaken || attempt === MAX_TRIES) throw error;
    }
}

type MarkedUser = { id: string; email: string; canonical_email: string };

/** Stores the canonical address of every marked account. Removes the mark if the account has that address already. */
async function markUsers(db: PostgresJsDatabase): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const marked = await db.execute<MarkedUser>(sql`
      select id, email, canonical_email from portcullis.users
      where canonical_email is not null and id > ${after} order by id limit ${BATCH}`);
    await writeMarks(db, marked);
    const last = marked.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

async function writeMarks(db: PostgresJsDatabase, users: readonly MarkedUser[]): Promise<void> {
  const marks = users.flatMap(({ id, email, canonical_email: mark }) => {
    const canonical = canonicalEmail(email);
    const next = canonical === email ? null : (canonical ?? '');
    return next === mark ? [] : [{ id, email, next }];
  });
  if (marks.length === 0) return;
  await db.execute(sql`
    update portcullis.users u set canonical_email = m.next
    from json_to_recordset(${JSON.stringify(marks)}::json) as m (id uuid, email text, next text)
    where u.id = m.id and u.email = m.email and u.canonical_email is not null`);
}

/**
 * Gives marked accounts their canonical address if no other account has it, and changes their mailed tokens too. Returns how
 * many accounts it changed.
 */
async function changeUsers(db: PostgresJsDatabase): Promise<number> {
  const [changed] = await db.execute<{ count: number }>(sql`
    with due as (
      select id, email as former, canonical_email as canonical from portcullis.users u
      where canonical_email <> ''
        and not exists (select from portcullis.users o where o.email = u.canonical_email and o.id <> u.id)
        and not exists (select from portcullis.users o where o.canonical_email = u.canonical_email and o.id <> u.id)
      order by id limit ${BATCH} for update
    ), changed as (
      update portcullis.users u set email = due.canonical from due where u.id = due.id returning u.id
    ), tokens as (
      update portcullis_private.one_time_tokens t set email = due.canonical from due
      where t.user_id = due.id and t.email = due.former
    )
    select count(*)::int from changed`);
  return changed?.count ?? 0;
}

type FormerInvite = { id: string; email: string };

async function forEachInvite(
  db: PostgresJsDatabase,
  visit: (invite: FormerInvite) => Promise<void>,
): Promise<void> {
  let after = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const found = await db.execute<FormerInvite>(sql`
      select id, email from portcullis.invites where id > ${after} order by id limit ${BATCH}`);
    for (const invite of found) await visit(invite);
    const last = found.at(-1);
    if (last === undefined) return;
    after = last.id;
  }
}

/**
 * Gives an invite its canonical address. Of two invites of one team to one mailbox, the one that was made or renewed last
 * stays.
 */
async function canonicalizeInvite(db: PostgresJsDatabase, { id, email }: FormerInvite): Promise<void> {
  const canonical = canonicalEmail(email);
  if (canonical === email) return;
  if (canonical === null) {
    await db.execute(sql`delete from portcullis.invites where id = ${id}`);
    return;
  }
  await retried(() =>
    db.transaction(async (tx) => {
      const [later] = await tx.execute(sql`
        delete from portcullis.invites mine using portcullis.invites other
        where mine.id = ${id} and other.team_id = mine.team_id and other.email = ${canonical}
          and other.expires_at >= mine.expires_at
        returning mine.id`);
      if (later !== undefined) return;
      await tx.execute(sql`
        delete from portcullis.invites other using portcullis.invites mine
        where mine.id = ${id} and other.team_id = mine.team_id and other.email = ${canonical}`);
      await tx.execute(sql`update portcullis.invites set email = ${canonical} where id = ${id}`);
    }),
  );
}
