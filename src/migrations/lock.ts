import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { type DatabaseOptions, openDatabase, type Transaction } from '../db/client.ts';
import type { Log } from '../log.ts';

/**
 * The number of the advisory lock. Nothing else in the database locks it. Earlier versions lock it for their whole session.
 */
const MIGRATION_LOCK = '7046203311';

/** How often a waiting gateway retries, in milliseconds. */
const ASK_AGAIN_MS = 250;
const FIRST_LOG_AFTER_MS = 3000;
const LOG_EVERY_MS = 10_000;
/** Short enough that Postgres does not end the transaction with the lock as idle. */
const WATCH_EVERY_MS = 5000;
const LOCK_STATEMENT_TIMEOUT_MS = 15_000;
const PATIENCE_MS = 60_000;

export type LockOptions = {
  log?: Pick<Log, 'warn'>;
  /** Aborts the wait, and the work too. */
  signal?: AbortSignal;
  /** Milliseconds to wait for another migration. */
  patienceMs?: number;
};

type Process = { pid: number; applicationName: string; address: string | null; state: string; since: string };

const describe = ({ pid, applicationName, address, state, since }: Process): string =>
  `process ${pid} (${applicationName || 'without a name'}, from ${address ?? 'a local socket'}, ${state} since ${since})`;

const PROCESS = sql`a.pid, coalesce(a.application_name, '') as "applicationName", host(a.client_addr) as address,
  coalesce(a.state, 'in a state that this role may not see') as state,
  coalesce(a.state_change, a.backend_start)::text as since`;

const findHolders = (tx: Transaction): Promise<Process[]> =>
  tx.execute<Process>(sql`
    select ${PROCESS} from pg_locks l join pg_stat_activity a on a.pid = l.pid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
      and l.database = (select oid from pg_database where datname = current_database())
      and l.classid::int8 = ${MIGRATION_LOCK}::int8 >> 32
      and l.objid::int8 = ${MIGRATION_LOCK}::int8 & 4294967295`);

/** Finds the processes that hold a lock for which the migration waits. */
const findBlockers = (tx: Transaction): Promise<Process[]> =>
  tx.execute<Process>(sql`
    select distinct ${PROCESS}
    from pg_stat_activity w, unnest(pg_blocking_pids(w.pid)) blocker (pid), pg_stat_activity a
    where w.datname = current_database() and w.application_name = current_setting('application_name')
      and w.wait_event_type = 'Lock' and a.pid = blocker.pid`);

/** Logs for which processes the work waits, until it has ended. The queries also keep the transaction with the lock busy. */
async function watchWork(tx: Transaction, ended: AbortSignal, log: LockOptions['log']): Promise<void> {
  for (;;) {
    await sleep(WATCH_EVERY_MS, undefined, { signal: ended }).catch(() => {});
    if (ended.aborted) return;
    const blockers = await findBlockers(tx);
    if (blockers.length > 0)
      log?.warn({ blockers }, `The migration waits for ${blockers.map(describe).join(' and ')}.`);
  }
}

type Work = (stopped: AbortSignal) => Promise<void>;

async function runBeside(tx: Transaction, work: Work, { log, signal }: LockOptions): Promise<void> {
  const ended = new AbortController();
  const watching = watchWork(tx, ended.signal, log);
  // If the connection is lost, the lock is lost too, and the work stops.
  const lost = watching.then(() => new Promise<never>(() => {}));
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: ended.signal });
  });
  try {
    await Promise.race([work(ended.signal), lost, aborted]);
  } finally {
    ended.abort();
    await watching.catch(() => {});
  }
}

/** Creates a function that logs which process holds the lock: after three seconds, and then every ten. */
function createAnnouncer(log: LockOptions['log']): (holders: Process[], waitedMs: number) => void {
  let nextAt = FIRST_LOG_AFTER_MS;
  return (holders, waitedMs) => {
    if (waitedMs < nextAt) return;
    nextAt = waitedMs + LOG_EVERY_MS;
    const who = holders.map(describe).join(' and ') || 'a process that has just ended';
    log?.warn(
      { holders, waitedSeconds: Math.round(waitedMs / 1000) },
      `Another migration is running: the lock is held by ${who}.`,
    );
  };
}

function giveUp(holders: Process[], waitedMs: number): never {
  const pids = holders.map(({ pid }) => `select pg_terminate_backend(${pid});`).join(' ');
  throw new Error(
    `Another migration did not end within ${Math.round(waitedMs / 1000)} seconds. The lock is held by ${holders.map(describe).join(' and ')}. If that process is stuck, end it and start again: ${pids}`,
  );
}

/**
 * Runs work that may run once at a time in a database. The lock belongs to a transaction and ends with it. So neither a
 * pooler nor a killed process can keep it.
 *
 * @param work gets a signal that aborts when the work has to stop: at `options.signal`, or when the lock is lost
 * @throws Error naming the process that holds the lock, after `patienceMs`; the signal's reason
 */
export async function withMigrationLock(
  database: Omit<DatabaseOptions, 'poolSize' | 'statementTimeoutMs'>,
  options: LockOptions,
  work: Work,
): Promise<void> {
  const { log, signal, patienceMs = PATIENCE_MS } = options;
  const { db, close } = openDatabase({
    ...database,
    poolSize: 1,
    statementTimeoutMs: LOCK_STATEMENT_TIMEOUT_MS,
  });
  const announce = createAnnouncer(log);
  const began = performance.now();
  try {
    for (;;) {
      signal?.throwIfAborted();
      const holders = await db.transaction(async (tx) => {
        const [row] = await tx.execute<{ locked: boolean }>(
          sql`select pg_try_advisory_xact_lock(${MIGRATION_LOCK}::int8) as locked`,
        );
        if (row?.locked !== true) return await findHolders(tx);
        await runBeside(tx, work, options);
        return null;
      });
      if (holders === null) return;
      const waitedMs = performance.now() - began;
      if (waitedMs >= patienceMs && holders.length > 0) giveUp(holders, waitedMs);
      announce(holders, waitedMs);
      await sleep(ASK_AGAIN_MS * (0.5 + Math.random()), undefined, { signal });
    }
  } finally {
    await close();
  }
}
