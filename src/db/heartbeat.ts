import { sql } from 'drizzle-orm';
import type { Database } from './client.ts';
import { isCausedBy } from './errors.ts';
import { heartbeat } from './tables/heartbeat.ts';

/** Resolves if the database answers. */
export async function ping(db: Database): Promise<void> {
  await db.execute(sql`select 1`);
}

/** At most one row is written in this time. */
const EVERY_MS = 1000;

/** Before the migrations the table is missing. Another check reports that. */
const isTableMissing = (error: unknown): boolean => isCausedBy(error, ({ code }) => code === '42P01');

async function beat(db: Database, { refusedWrites }: Pick<Database, 'refusedWrites'>): Promise<void> {
  await db
    .execute(sql`
      insert into ${heartbeat} (id, beaten_at) values (1, now())
      on conflict (id) do update set beaten_at = excluded.beaten_at`)
    .catch((error: unknown) => {
      if (!isTableMissing(error)) throw error;
    });
  const refused = refusedWrites.latest();
  if (refused !== null) throw refused;
}

/**
 * Creates a function that resolves if the database takes writes: it wrote and committed one row, and refused no other write
 * in the last seconds. Otherwise the function rejects with the database's error. Callers share an answer for one second.
 * @param traffic the connections that requests use, whose refused writes count
 */
export function createHeartbeat(traffic: Database): (db: Database) => Promise<void> {
  let last: { beaten: Promise<void>; at: number; pending: boolean } | undefined;
  return (db) => {
    if (last !== undefined && (last.pending || performance.now() - last.at < EVERY_MS)) return last.beaten;
    const next = { beaten: beat(db, traffic), at: performance.now(), pending: true };
    const ended = () => {
      next.pending = false;
    };
    next.beaten.then(ended, ended);
    last = next;
    return next.beaten;
  };
}
