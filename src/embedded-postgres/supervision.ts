import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.ts';

/** A child process that was started once. */
export type SupervisedProcess = {
  /** Resolves with how the process ended. */
  ended: Promise<string>;
  /** Ends the process and frees its resources, even if it has ended by itself. */
  stop(): Promise<void>;
};

type SupervisionOptions = {
  /** The name of the process in the log. */
  name: string;
  /** Starts the process again with the same address and data. It rejects soon after the signal. */
  restart(signal: AbortSignal): Promise<SupervisedProcess>;
  log?: Pick<Log, 'info' | 'error'> | undefined;
};

export type Supervision = {
  stop(): Promise<void>;
  /** Lets the process end by itself from now on, without a restart. */
  letEnd(): void;
  /** Resolves with the reason if the process ended by itself and could not be restarted. */
  lost: Promise<Error>;
};

const MAX_RESTARTS = 5;
const FIRST_PAUSE_MS = 250;
/** After a run of this length, the restarts are counted from 0 again. */
const PROVEN_MS = 60_000;

/**
 * Restarts a child process that ends by itself: at once, then with growing pauses. It gives up after five restarts without a
 * run of a minute.
 */
export function supervise(first: SupervisedProcess, { name, restart, log }: SupervisionOptions): Supervision {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current = first;
  let restarts = 0;

  async function startAgain(how: string): Promise<SupervisedProcess> {
    let cause: unknown = new Error(`${name} ${how}.`);
    for (; restarts < MAX_RESTARTS && !signal.aborted; restarts += 1)
      try {
        if (restarts > 0) await sleep(FIRST_PAUSE_MS * 2 ** (restarts - 1), undefined, { signal });
        const next = await restart(signal);
        restarts += 1;
        return next;
      } catch (error) {
        cause = error;
        if (!signal.aborted) log?.error({ err: error }, `${name} could not be started again.`);
      }
    throw new Error(`${name} ended by itself and cannot be started again.`, { cause });
  }

  async function keepAlive(): Promise<never> {
    for (;;) {
      const since = performance.now();
      const how = await current.ended;
      await current.stop();
      if (!signal.aborted) log?.error({ how }, `${name} ended by itself. It is started again.`);
      if (performance.now() - since > PROVEN_MS) restarts = 0;
      current = await startAgain(how);
      if (signal.aborted) await current.stop();
      else log?.info({ restarts }, `${name} was started again.`);
    }
  }

  const given = keepAlive().catch((error: Error) => error);
  return {
    async stop() {
      stopping.abort();
      await current.stop();
      await given;
    },
    letEnd: () => stopping.abort(),
    lost: new Promise((resolve) => {
      given.then((error) => {
        if (!signal.aborted) resolve(error);
      });
    }),
  };
}
