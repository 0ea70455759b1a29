import { sql } from 'drizzle-orm';
import type { Place } from '../report.ts';
import type { ImportedSession } from '../session.ts';
import type { SupabaseSession, SupabaseToken } from '../sources/supabase.ts';
import { toRows } from './known.ts';
import { importSessions } from './sessions.ts';
import type { Store } from './store.ts';

export type StagedSession = Place & Readonly<{ session: SupabaseSession }>;
export type StagedToken = Place & Readonly<{ token: SupabaseToken }>;

const PAGE = 500;

/** Makes the place where sessions wait for the tokens of another file. */
export async function createSessionStage({ db }: Store): Promise<void> {
  await db.execute(sql`
    create temporary table if not exists import_sessions (
      id uuid primary key, input text not null, record int not null, session jsonb not null)`);
  await db.execute(sql`
    create temporary table if not exists import_tokens (
      session_id uuid primary key, input text not null, record int not null, number bigint not null, token_hash text not null)`);
  await db.execute(sql`truncate pg_temp.import_sessions, pg_temp.import_tokens`);
}

/** Keeps sessions aside. */
export async function stageSessions({ db, report }: Store, batch: readonly StagedSession[]): Promise<void> {
  const rows = batch.map(({ input, record, session }) => ({ id: session.id, input, record, session }));
  const staged = await db.execute<{ record: number }>(sql`
    insert into pg_temp.import_sessions (id, input, record, session)
    select r.id, r.input, r.record, r.session
    from jsonb_to_recordset(${toRows(rows)}) as r(id uuid, input text, record int, session jsonb)
    order by r.record on conflict do nothing returning record`);
  const records = new Set(staged.map(({ record }) => record));
  for (const entry of batch) if (!records.has(entry.record)) report.note(entry, 'refused', 'duplicate_id');
}

/** Keeps the newest token of each session aside. */
export async function stageTokens({ db }: Store, batch: readonly StagedToken[]): Promise<void> {
  const rows = batch.map(({ input, record, token }) => ({
    ...{ session_id: token.sessionId, input, record, number: token.number, token_hash: token.tokenHash },
  }));
  await db.execute(sql`
    insert into pg_temp.import_tokens as t (session_id, input, record, number, token_hash)
    select distinct on (r.session_id) r.session_id, r.input, r.record, r.number, r.token_hash
    from jsonb_to_recordset(${toRows(rows)})
      as r(session_id uuid, input text, record int, number bigint, token_hash text)
    order by r.session_id, r.number desc
    on conflict (session_id) do update set input = excluded.input, record = excluded.record,
      number = excluded.number, token_hash = excluded.token_hash where excluded.number > t.number`);
}

type Joined = { id: string; input: string; record: number; session: SupabaseSession; token_hash: string };

const revive = ({ session, token_hash: tokenHash }: Joined): ImportedSession => ({
  ...session,
  tokenHash,
  createdAt: new Date(session.createdAt),
  lastUsedAt: new Date(session.lastUsedAt),
  expiresAt: session.expiresAt === null ? null : new Date(session.expiresAt),
});

/** Writes the sessions that have a token, and reports the tokens without a session. */
export async function importStagedSessions(store: Store): Promise<void> {
  const { db } = store;
  for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
    const rows = await db.execute<Joined>(sql`
      select s.id, s.session, coalesce(s.session ->> 'tokenHash', t.token_hash) as token_hash,
        case when s.session ->> 'tokenHash' is null then t.input else s.input end as input,
        case when s.session ->> 'tokenHash' is null then t.record else s.record end as record
      from pg_temp.import_sessions s left join pg_temp.import_tokens t on t.session_id = s.id
      where s.id > ${after}::uuid and coalesce(s.session ->> 'tokenHash', t.token_hash) is not null
      order by s.id limit ${PAGE}`);
    const last = rows.at(-1);
    if (last === undefined) break;
    const batch = rows.map((row) => ({ input: row.input, record: row.record, session: revive(row) }));
    await importSessions(store, batch);
    after = last.id;
  }
  await reportLostTokens(store);
}

async function reportLostTokens({ db, report }: Store): Promise<void> {
  for (let after = -1; ; ) {
    const rows = await db.execute<{ input: string; record: number }>(sql`
      select t.input, t.record from pg_temp.import_tokens t
      where t.record > ${after} and not exists (select from pg_temp.import_sessions s where s.id = t.session_id)
      order by t.record limit ${PAGE}`);
    for (const place of rows) report.note(place, 'refused', 'unknown_session');
    const last = rows.at(-1);
    if (last === undefined) return;
    after = last.record;
  }
}
