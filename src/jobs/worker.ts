import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type RunnerOptions, run, type TaskList, type WorkerEvents } from 'graphile-worker';
import type { Database } from '../db/client.ts';
import { openPgPool } from '../db/driver/pg-pool.ts';
import type { DatabaseAccess } from '../db/inspection.ts';
import type { Log } from '../log.ts';
import { releaseAbandonedJobs, releaseJobsOf } from './abandoned.ts';
import { JOBS_SCHEMA } from './queue.ts';
import { areJobsMigrated } from './schema.ts';

export type JobWorker = {
  /** Takes no more jobs, waits a while for the running ones, and releases the rest. */
  stop(): Promise<void>;
};

export type JobWorkerOptions = Readonly<{
  db: Database;
  log: Log;
  /** The direct connection, if there is one: through a pooler in transaction mode the worker is not told of new jobs. */
  database: DatabaseAccess & { statementTimeoutMs: number };
  /** The functions that do the jobs, by the name of the task. */
  tasks: TaskList;
  /** The number of jobs that run at once. */
  concurrency: number;
  /** The name of its connections, for `pg_stat_activity`. */
  applicationName: string;
}>;

const RESTART_AFTER_MS = 5_000;
/** How long running jobs may take at shutdown. */
const FINISH_WITHIN_MS = 5_000;
const LOOK_FOR_ABANDONED_JOBS_MS = 30_000;

/**
 * Starts a worker that runs queued jobs until it is stopped. It waits for missing migrations. It restarts if the job library
 * gives up, as the library does if it cannot store the result of a job.
 */
export function startJobWorker(options: JobWorkerOptions): JobWorker {
  const stopping = new AbortController();
  const stopped = keepRunning(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      const bound = FINISH_WITHIN_MS + options.database.statementTimeoutMs;
      await Promise.race([stopped, sleep(bound, undefined, { ref: false })]);
    },
  };
}

async function keepRunning(options: JobWorkerOptions, signal: AbortSignal): Promise<void> {
  /** Workers that ended by themselves. They still hold the jobs whose result they could not store. */
  const ended: string[] = [];
  while (!signal.aborted) {
    try {
      if (await areJobsMigrated(options.db)) await runUntilAborted(options, ended, signal);
    } catch (error) {
      options.log.warn({ err: error }, 'The job worker stopped; it will be started again.');
    }
    await sleep(RESTART_AFTER_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function runUntilAborted(
  options: JobWorkerOptions,
  ended: string[],
  signal: AbortSignal,
): Promise<void> {
  await releaseJobsOf(options.db, ended);
  ended.length = 0;
  await releaseAbandonedJobs(options.db);
  const { pool, close } = openWorkerPool(options);
  try {
    await runOn(pool, options, ended, signal);
  } finally {
    await close();
  }
}

async function runOn(
  pool: WorkerPool,
  options: JobWorkerOptions,
  ended: string[],
  signal: AbortSignal,
): Promise<void> {
  const events: WorkerEvents = new EventEmitter();
  events.on('pool:create', ({ workerPool }) => ended.push(workerPool.id));
  const runner = await run({ ...runnerOptions(pool, options), events });
  const lookAgain = setInterval(() => {
    releaseAbandonedJobs(options.db).catch((error: unknown) =>
      options.log.warn({ err: error }, 'Looking for abandoned jobs failed.'),
    );
  }, LOOK_FOR_ABANDONED_JOBS_MS);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    // It rejects if the runner has stopped by itself.
    stopped ??= runner.stop('shutdown').catch(() => {});
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    await runner.promise;
  } finally {
    clearInterval(lookAgain);
    signal.removeEventListener('abort', stop);
    await stopped;
  }
}

function openWorkerPool({ database, log, concurrency, applicationName }: JobWorkerOptions) {
  return openPgPool({
    ...database,
    // One more connection listens for new jobs.
    size: concurrency + 1,
    applicationName,
    onError: (error) => log.debug({ err: error }, 'A connection of the job worker ended.'),
  });
}
type WorkerPool = ReturnType<typeof openWorkerPool>['pool'];

function runnerOptions(
  pool: WorkerPool,
  { database, log, tasks, concurrency }: JobWorkerOptions,
): RunnerOptions {
  return {
    pgPool: pool,
    noPreparedStatements: !database.prepare,
    schema: JOBS_SCHEMA,
    taskList: tasks,
    parsedCronItems: [],
    concurrency,
    noHandleSignals: true,
    gracefulShutdownAbortTimeout: FINISH_WITHIN_MS,
    logger: bridgeLog(log),
    // Without batches, an error while a job's result is stored would be an unhandled rejection.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  };
}

/** Logs the library's messages without their details, which contain jobs. The task itself logs the result of a job. */
function bridgeLog(log: Log): Logger {
  return new Logger(() => (level, message, meta) => {
    const aboutTheLibrary = (level === 'error' || level === 'warning') && meta?.failure !== true;
    log[aboutTheLibrary ? 'warn' : 'debug']({ from: 'graphile-worker' }, message.split('\n', 1)[0] ?? '');
  });
}
