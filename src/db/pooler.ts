import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PgClient } from './driver/pg.ts';

/** How often the two connections take turns. A busy pooler may give another session at first. */
const ROUNDS = 8;
/** How long a pooler may keep a connection waiting for a session. */
const TURN_MS = 2000;

/** SQLSTATE: the statement is unknown, or another one has its name. */
const LOST = new Set(['26000', '42P05']);

/** Returns the result of some work; null if it takes longer than a turn. */
function within<T>(work: Promise<T>): Promise<T | null> {
  work.catch(() => {}); // it may fail later
  return Promise.race([work, sleep(TURN_MS, null, { ref: false })]);
}

const ASK = 'select pg_catalog.pg_backend_pid() as pid';
const pidOf = ({ rows: [row] }: { rows: Record<string, unknown>[] }): number => Number(row?.pid);

/**
 * Tells whether the next transaction of a connection still knows a statement that was prepared under a name. A pooler in
 * transaction mode gives the transaction another session, unless the last one is free. So a second connection occupies that
 * one. Without a pooler, the server names the process that answers. A pooler names a process that does not exist.
 *
 * @param open opens a second connection
 */
export async function keepsPreparedStatements(
  first: PgClient,
  open: () => Promise<PgClient>,
): Promise<boolean> {
  const name = `portcullis_${randomBytes(8).toString('hex')}`;
  const ask = async () => pidOf(await first.query({ name, text: ASK }));
  const pid = await ask();
  if (pid === first.processID) return true;
  const second = await open();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      // The first connection is idle, and no session is free: the pooler gives whole sessions, and has but few.
      if ((await within(second.query('begin'))) === null) return true;
      const taken = pidOf(await second.query(ASK));
      const asked = ask();
      const answer = await within(asked);
      await second.query('rollback');
      // Another session answered, so the pooler carries statements along.
      if (answer !== null && answer !== pid) return true;
      await asked;
      // Both connections had the same session, one after the other, and the pooler has no second one to try.
      if (taken === pid) return false;
    }
    return true;
  } catch (error) {
    if (LOST.has(String((error as { code?: unknown }).code))) return false;
    throw error;
  } finally {
    await second.end();
  }
}
