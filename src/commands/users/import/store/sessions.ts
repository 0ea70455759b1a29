import { sql } from 'drizzle-orm';
import type { Queryable, Transaction } from '../../../../db/client.ts';
import { imported } from '../../../../db/tables/imports.ts';
import { securityEvents } from '../../../../db/tables/security-events.ts';
import { refreshTokens, sessions } from '../../../../db/tables/sessions.ts';
import type { Place } from '../report.ts';
import type { ImportedSession } from '../session.ts';
import { findImported, findImportedUsers, type ImportedUser, remember, toRows } from './known.ts';
import { rowsOf } from './staging.ts';
import { runBatch, type Store, settle, type Verdict } from './store.ts';

export type SessionEntry = Place & Readonly<{ session: ImportedSession }>;

/** What the decision about a batch needs to know. */
type Facts = {
  people: Map<string, ImportedUser>;
  /** People who changed their password here, or ended sessions here, since they were imported. */
  changed: Set<string>;
  knownTokens: Map<string, string>;
  /** Tokens of other sessions. */
  takenTokens: Set<string>;
  knownSessions: Map<string, string>;
  /** Imported sessions whose first token is unspent, and all other sessions with one of the ids. */
  untouched: Set<string>;
  existing: Set<string>;
};

/**
 * Writes sessions with their refresh tokens, so that people stay signed in. A token that was imported once is never written
 * again, whether it was spent, revoked or pruned since. A later export replaces the token of a session that is unused here.
 */
export async function importSessions(store: Store, batch: readonly SessionEntry[]): Promise<void> {
  const verdicts = await runBatch(store, {
    counted: 'sessions',
    judge: async (db) => {
      const facts = await readFacts(store, db, batch);
      const taken = new Set<string>();
      return batch.map((entry) => judge(entry, facts, taken));
    },
    write: (tx, accepted) => write(store, tx, accepted),
  });
  store.report.counts.sessions += settle(store, verdicts).length;
}

async function readFacts(store: Store, db: Queryable, batch: readonly SessionEntry[]): Promise<Facts> {
  const ids = batch.map(({ session }) => session.id);
  const userIds = batch.map(({ session }) => session.userId);
  const tokenHashes = batch.map(({ session }) => session.tokenHash);
  return {
    people: await findImportedUsers(store, db, userIds),
    changed: await findChanged(db, userIds),
    knownTokens: await findImported(db, 'token', tokenHashes),
    takenTokens: await findTokens(db, tokenHashes),
    knownSessions: await findImported(db, 'session', ids),
    ...(await findSessions(db, ids)),
  };
}

function judge(
  entry: SessionEntry,
  { people, changed, knownTokens, takenTokens, knownSessions, untouched, existing }: Facts,
  taken: Set<string>,
): Verdict<SessionEntry> {
  const { id, userId, tokenHash, expiresAt } = entry.session;
  const person = people.get(userId);
  if (person === undefined) return { entry, kind: 'refused', why: 'unknown_user' };
  if (knownTokens.has(tokenHash)) return { entry, kind: 'unchanged' };
  if (person.isDisabled) return { entry, kind: 'skipped', why: 'disabled' };
  if (expiresAt !== null && expiresAt.getTime() <= Date.now())
    return { entry, kind: 'skipped', why: 'expired' };
  if (changed.has(userId)) return { entry, kind: 'skipped', why: 'changed_here' };
  const isKnown = knownSessions.get(id) === userId;
  if (isKnown && !untouched.has(id)) return { entry, kind: 'skipped', why: 'spent_here' };
  if (!isKnown && existing.has(id)) return { entry, kind: 'refused', why: 'duplicate_id' };
  if (taken.has(id) || taken.has(tokenHash) || takenTokens.has(tokenHash))
    return { entry, kind: 'refused', why: 'duplicate_token' };
  taken.add(id).add(tokenHash);
  return { entry, kind: 'accepted' };
}

/** The changes of an account that end its sessions. The tokens of the other system end with them. */
const ENDING = [
  ...['password_reset', 'password_changed', 'signup_disowned', 'email_changed', 'account_disabled', 'logout'],
];

async function findChanged(db: Queryable, userIds: readonly string[]): Promise<Set<string>> {
  const found = await db.execute<{ user_id: string }>(sql`
    select distinct e.user_id from ${securityEvents} e
    join ${imported} i on i.kind = 'user' and i.key = e.user_id::text and e.created_at >= i.created_at
    where e.user_id in (select value::uuid from ${rowsOf([...new Set(userIds)])})
      and e.outcome = 'success' and e.action in (select value from ${rowsOf(ENDING)})
      and (e.action <> 'logout' or e.details ->> 'scope' is distinct from 'LOCAL')`);
  return new Set(found.map(({ user_id }) => user_id));
}

async function findTokens(db: Queryable, tokenHashes: readonly string[]): Promise<Set<string>> {
  const found = await db.execute<{ hash: string }>(sql`
    select encode(token_hash, 'hex') as hash from ${refreshTokens}
    where token_hash in (select decode(value, 'hex') from ${rowsOf(tokenHashes)})`);
  return new Set(found.map(({ hash }) => hash));
}

async function findSessions(
  db: Queryable,
  ids: readonly string[],
): Promise<Pick<Facts, 'untouched' | 'existing'>> {
  const found = await db.execute<{ id: string; untouched: boolean }>(sql`
    select s.id, s.revoked_at is null and s.expires_at > now() and t.tokens = 1 and t.unspent as untouched
    from ${sessions} s cross join lateral (
      select count(*) as tokens, bool_and(rotated_at is null and generation = 0) as unspent
      from ${refreshTokens} where session_id = s.id) t
    where s.id in (select value::uuid from ${rowsOf(ids)})`);
  return {
    existing: new Set(found.map(({ id }) => id)),
    untouched: new Set(found.filter(({ untouched }) => untouched).map(({ id }) => id)),
  };
}

const COLUMNS = sql`r(id uuid, user_id uuid, token_hash text, created_at timestamptz, last_used_at timestamptz,
  expires_at timestamptz, user_agent text, address inet)`;

/** The accounts are locked. Sessions are locked before their tokens (src/db/README.md). */
async function write(
  { deps }: Store,
  tx: Transaction,
  accepted: readonly SessionEntry[],
): Promise<Verdict<SessionEntry>[]> {
  const entries = [...accepted].sort((a, b) => (a.session.id < b.session.id ? -1 : 1));
  const rows = toRows(
    entries.map(({ session: s }) => ({
      ...{ id: s.id, user_id: s.userId, token_hash: s.tokenHash, created_at: s.createdAt },
      ...{ last_used_at: s.lastUsedAt, expires_at: s.expiresAt, user_agent: s.userAgent, address: s.address },
    })),
  );
  await tx.execute(sql`
    select from ${sessions} where id in (select r.id from jsonb_to_recordset(${rows}) as ${COLUMNS})
    order by id for no key update`);
  await tx.execute(sql`
    insert into ${sessions} (id, user_id, user_agent, address, created_at, last_used_at, expires_at, proven_at)
    select r.id, r.user_id, r.user_agent, r.address, least(r.created_at, now()), least(r.last_used_at, now()),
      least(r.expires_at, now() + make_interval(secs => ${deps.config.sessions.ttlSeconds})),
      case when u.email_verified_at is not null then now() end
    from jsonb_to_recordset(${rows}) as ${COLUMNS} join portcullis.users u on u.id = r.user_id
    order by r.id on conflict do nothing`);
  // Of a session that was imported before, the unspent token gives way to the newer one.
  await tx.execute(sql`
    delete from ${refreshTokens} t using jsonb_to_recordset(${rows}) as ${COLUMNS}
    where t.session_id = r.id and t.rotated_at is null and t.generation = 0`);
  const written = await tx.execute<{ session_id: string }>(sql`
    insert into ${refreshTokens} (token_hash, session_id, created_at, expires_at)
    select decode(r.token_hash, 'hex'), s.id, least(r.created_at, now()), s.expires_at
    from jsonb_to_recordset(${rows}) as ${COLUMNS} join ${sessions} s on s.id = r.id and s.user_id = r.user_id
    where s.revoked_at is null and not exists (select from ${refreshTokens} o where o.session_id = s.id)
    on conflict do nothing returning session_id`);
  const ids = new Set(written.map(({ session_id }) => session_id));
  const done = entries.filter(({ session }) => ids.has(session.id));
  await remember(
    tx,
    'session',
    done.map(({ session }) => ({ key: session.id, userId: session.userId })),
  );
  await remember(
    tx,
    'token',
    done.map(({ session }) => ({ key: session.tokenHash, userId: session.userId })),
  );
  return entries
    .filter(({ session }) => !ids.has(session.id))
    .map((entry) => ({ entry, kind: 'refused', why: 'duplicate_token' }));
}
