import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type RunnerOptions, run, type TaskList } from 'graphile-worker';
import type { Database } from '../db/client.ts';
import type { DatabaseAccess } from '../db/inspection.ts';
import type { Log } from '../log.ts';
import { releaseAbandonedJobs } from './abandoned.ts';
import { openJobsPool } from './pool.ts';
import { JOBS_SCHEMA } from './queue.ts';
import { areJobsMigrated } from './schema.ts';

export type JobWorker = {
  /** Takes no more jobs, waits a few seconds for running ones, and unlocks the rest. */
  stop(): Promise<void>;
};

export type JobWorkerOptions = Readonly<{
  db: Database;
  log: Log;
  /** Without a pooler in transaction mode, if possible: through one, the worker is not notified of new jobs. */
  database: DatabaseAccess & { statementTimeoutMs: number };
  /** The tasks, by name. */
  tasks: TaskList;
  /** The number of jobs that run at once. */
  concurrency: number;
}>;

const RESTART_AFTER_MS = 5_000;
/** How long running jobs may take at shutdown. */
const FINISH_WITHIN_MS = 5_000;
const LOOK_FOR_ABANDONED_JOBS_MS = 30_000;

/**
 * Runs queued jobs until it is stopped. It waits for missing migrations. It restarts the job library's runner, which stops if
 * it cannot store the result of a job.
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
  while (!signal.aborted) {
    try {
      if (await areJobsMigrated(options.db)) await runUntilAborted(options, signal);
    } catch (error) {
      options.log.warn({ err: error }, 'The job worker stopped; it will be started again.');
    }
    await sleep(RESTART_AFTER_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function runUntilAborted(options: JobWorkerOptions, signal: AbortSignal): Promise<void> {
  await releaseAbandonedJobs(options.db);
  const { pool, close } = openWorkerPool(options);
  try {
    await runOn(pool, options, signal);
  } finally {
    await close();
  }
}

async function runOn(pool: WorkerPool, options: JobWorkerOptions, signal: AbortSignal): Promise<void> {
  const runner = await run(runnerOptions(pool, options));
  const lookAgain = setInterval(() => {
    releaseAbandonedJobs(options.db).catch((error: unknown) =>
      options.log.warn({ err: error }, 'Looking for abandoned jobs failed.'),
    );
  }, LOOK_FOR_ABANDONED_JOBS_MS);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    // The promise rejects if the runner has stopped by itself.
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

function openWorkerPool({ database, log, concurrency }: JobWorkerOptions) {
  return openJobsPool({
    ...database,
    // One more connection listens for new jobs.
    size: concurrency + 1,
    applicationName: 'portcullis-mail',
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
    // Without batches, an error while completing or failing a job would be an unhandled rejection.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  };
}

/** Logs the library's messages without their details, which hold jobs. The task logs the result of each job. */
function bridgeLog(log: Log): Logger {
  return new Logger(() => (level, message, meta) => {
    const aboutTheLibrary = (level === 'error' || level === 'warning') && meta?.failure !== true;
    log[aboutTheLibrary ? 'warn' : 'debug']({ from: 'graphile-worker' }, message.split('\n', 1)[0] ?? '');
  });
}
