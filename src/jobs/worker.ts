import { setTimeout as sleep } from 'node:timers/promises';
import { Logger, type RunnerOptions, run, type Task } from 'graphile-worker';
import type { Config } from '../config/read-config.ts';
import type { DatabaseAccess } from '../db/inspection.ts';
import { createDeliverTask, type DeliverDeps } from '../flows/mails/deliver.ts';
import type { Log } from '../log.ts';
import { JOBS_SCHEMA, MAIL_TASK } from '../mail/queue.ts';
import { releaseAbandonedJobs } from './abandoned.ts';
import { openJobsPool } from './pool.ts';
import { areJobsMigrated } from './schema.ts';

export type MailWorker = {
  /** Takes no more jobs, lets deliveries under way finish for a while, and gives back what is left. */
  stop(): Promise<void>;
};

export type MailWorkerDeps = DeliverDeps &
  Readonly<{
    config: Config;
    /** Past a pooler in transaction mode, where there is such a way: otherwise the worker is not told of new jobs. */
    database: DatabaseAccess;
  }>;

const RESTART_AFTER_MS = 5_000;
/** How long the deliveries under way may take at shutdown. */
const FINISH_WITHIN_MS = 5_000;
const LOOK_FOR_ABANDONED_JOBS_MS = 30_000;

/**
 * Delivers queued mails until it is stopped. It waits for the migrations where they are missing, and starts again when the
 * job library gives up, as it does when it cannot write down what became of a job.
 */
export function startMailWorker(deps: MailWorkerDeps): MailWorker {
  const stopping = new AbortController();
  const task = createDeliverTask(deps);
  const stopped = keepRunning(deps, task, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      const bound = FINISH_WITHIN_MS + deps.config.database.statementTimeoutMs;
      await Promise.race([stopped, sleep(bound, undefined, { ref: false })]);
      deps.transport.close();
    },
  };
}

async function keepRunning(deps: MailWorkerDeps, task: Task, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      if (await areJobsMigrated(deps.db)) await runUntilAborted(deps, task, signal);
    } catch (error) {
      deps.log.warn({ err: error }, 'The mail worker stopped; it will be started again.');
    }
    await sleep(RESTART_AFTER_MS, undefined, { signal, ref: false }).catch(() => {});
  }
}

async function runUntilAborted(deps: MailWorkerDeps, task: Task, signal: AbortSignal): Promise<void> {
  await releaseAbandonedJobs(deps.db);
  const { pool, close } = openWorkerPool(deps);
  try {
    await runOn(pool, deps, task, signal);
  } finally {
    await close();
  }
}

async function runOn(pool: WorkerPool, deps: MailWorkerDeps, task: Task, signal: AbortSignal): Promise<void> {
  const runner = await run(runnerOptions(pool, deps, task));
  const lookAgain = setInterval(() => {
    releaseAbandonedJobs(deps.db).catch((error: unknown) =>
      deps.log.warn({ err: error }, 'Looking for abandoned mail jobs failed.'),
    );
  }, LOOK_FOR_ABANDONED_JOBS_MS);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    // It rejects when the runner has stopped by itself meanwhile.
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

function openWorkerPool({ config, database, log }: MailWorkerDeps) {
  return openJobsPool({
    ...database,
    // One more listens for new jobs.
    size: config.mail.concurrency + 1,
    statementTimeoutMs: config.database.statementTimeoutMs,
    applicationName: 'portcullis-mail',
    onError: (error) => log.debug({ err: error }, 'A connection of the mail worker ended.'),
  });
}
type WorkerPool = ReturnType<typeof openWorkerPool>['pool'];

function runnerOptions(
  pool: WorkerPool,
  { config, database, log }: MailWorkerDeps,
  task: Task,
): RunnerOptions {
  return {
    pgPool: pool,
    noPreparedStatements: !database.prepare,
    schema: JOBS_SCHEMA,
    taskList: { [MAIL_TASK]: task },
    parsedCronItems: [],
    concurrency: config.mail.concurrency,
    noHandleSignals: true,
    gracefulShutdownAbortTimeout: FINISH_WITHIN_MS,
    logger: bridgeLog(log),
    // Without batches of their own, failures to complete or fail a job would be unhandled rejections.
    preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  };
}

/** The library's messages without their details, which hold jobs. What became of a job is logged by the task itself. */
function bridgeLog(log: Log): Logger {
  return new Logger(() => (level, message, meta) => {
    const aboutTheLibrary = (level === 'error' || level === 'warning') && meta?.failure !== true;
    log[aboutTheLibrary ? 'warn' : 'debug']({ from: 'graphile-worker' }, message.split('\n', 1)[0] ?? '');
  });
}
