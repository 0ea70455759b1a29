import { sql } from 'drizzle-orm';
import { FORBIDDEN_ROLES } from '../../../../config/groups/roles.ts';
import type { Queryable, Transaction } from '../../../../db/client.ts';
import { rolesOfUsers } from '../../../../db/tables/roles.ts';
import { MAX_GIVEN_LENGTH } from '../../../../roles/given-roles.ts';
import type { Place } from '../report.ts';
import type { Reason } from '../row-fault.ts';
import { findImported, findImportedUsers, remember, toRows } from './known.ts';
import { rowsOf } from './staging.ts';
import { runBatch, type Store, settle, type Verdict } from './store.ts';

export type RoleEntry = Place & Readonly<{ userId: string; role: string }>;

const keyOf = ({ userId, role }: RoleEntry): string => `${userId} ${role}`;

/** Why a role is never given; null if it may be given. */
function refusal({ deps }: Store, role: string): Reason | null {
  if (FORBIDDEN_ROLES.includes(role.toLowerCase())) return 'role_not_allowed';
  return deps.config.roles.declared.includes(role) ? null : 'role_not_declared';
}

/**
 * Gives roles to imported people: declared ones only. A role that was given once is not given again, so that an operator can take
 * it away.
 */
export async function importRoles(store: Store, batch: readonly RoleEntry[]): Promise<void> {
  const { roles } = store.deps.config;
  const verdicts = await runBatch(store, {
    counted: 'roles',
    judge: (db) => judge(store, db, batch),
    write,
  });
  const given = settle(store, verdicts).filter(({ role }) => !roles.byDefault.includes(role));
  store.report.counts.roles += given.length;
}

/** Gives the roles that stand in the rows of people. What is refused is only reported: the person stays. */
export async function importRolesOfPeople(store: Store, batch: readonly RoleEntry[]): Promise<void> {
  const possible = batch.filter((entry) => {
    const why = refusal(store, entry.role);
    if (why !== null) store.report.note(entry, 'reported', why);
    return why === null && !store.deps.config.roles.byDefault.includes(entry.role);
  });
  if (possible.length === 0) return;
  const { unchanged } = store.report.counts;
  await importRoles(store, possible);
  store.report.counts.unchanged = unchanged; // counts rows
}

async function judge(
  store: Store,
  db: Queryable,
  batch: readonly RoleEntry[],
): Promise<Verdict<RoleEntry>[]> {
  const people = await findImportedUsers(
    store,
    db,
    batch.map(({ userId }) => userId),
  );
  const known = await findImported(db, 'role', batch.map(keyOf));
  const lengths = await findLengths(db, batch);
  const taken = new Set<string>();
  return batch.map((entry) => {
    const why = refusal(store, entry.role);
    if (why !== null) return { entry, kind: 'refused', why };
    if (!people.has(entry.userId)) return { entry, kind: 'refused', why: 'unknown_user' };
    const key = keyOf(entry);
    const isCovered = store.deps.config.roles.byDefault.includes(entry.role);
    if (isCovered || known.has(key) || taken.has(key)) return { entry, kind: 'unchanged' };
    taken.add(key);
    const length = (lengths.get(entry.userId) ?? 0) + entry.role.length + 1;
    if (length > MAX_GIVEN_LENGTH) return { entry, kind: 'refused', why: 'too_many_roles' };
    lengths.set(entry.userId, length);
    return { entry, kind: 'accepted' };
  });
}

/** How many characters the roles of each user take, with a comma after each. */
async function findLengths(db: Queryable, batch: readonly RoleEntry[]): Promise<Map<string, number>> {
  const ids = [...new Set(batch.map(({ userId }) => userId))];
  const found = await db.execute<{ user_id: string; length: number }>(sql`
    select user_id, sum(length(role) + 1)::int as length from ${rolesOfUsers}
    where user_id in (select value::uuid from ${rowsOf(ids)}) group by user_id`);
  return new Map(found.map(({ user_id, length }) => [user_id, length]));
}

async function write(tx: Transaction, accepted: readonly RoleEntry[]): Promise<Verdict<RoleEntry>[]> {
  await remember(
    tx,
    'role',
    accepted.map((entry) => ({ key: keyOf(entry), userId: entry.userId })),
  );
  const rows = accepted.map(({ userId, role }) => ({ user_id: userId, role }));
  await tx.execute(sql`
    insert into ${rolesOfUsers} (user_id, role)
    select r.user_id, r.role from jsonb_to_recordset(${toRows(rows)}) as r(user_id uuid, role text)
    on conflict do nothing`);
  return [];
}
