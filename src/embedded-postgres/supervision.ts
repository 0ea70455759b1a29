import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../log.ts';

/** One life of a child process. */
export type Life = {
  /** Says how it ended. */
  ended: Promise<string>;
  /** Ends it, and gives back what belongs to it, also where it has ended by itself. */
  stop(): Promise<void>;
};

type SupervisionOptions = {
  /** What the child is called in the log. */
  name: string;
  /** Starts it again in the same place. Rejects soon after the signal. */
  restart(signal: AbortSignal): Promise<Life>;
  log?: Pick<Log, 'info' | 'error'> | undefined;
};

export type Supervision = {
  stop(): Promise<void>;
  /** From now on the child may end by itself: it is not started again. */
  letEnd(): void;
  /** Resolves with the reason when the child is given up: it ended by itself, and could not be started again. */
  lost: Promise<Error>;
};

const MAX_RESTARTS = 5;
const FIRST_PAUSE_MS = 250;
/** A life that lasted this long proves that the child can live: the restarts are counted from 0 again. */
const PROVEN_MS = 60_000;

/**
 * Starts a child process again when it ends by itself: at once, and then with longer and longer pauses. After five restarts
 * without a life of a minute it is given up.
 */
export function supervise(first: Life, { name, restart, log }: SupervisionOptions): Supervision {
  const stopping = new AbortController();
  const { signal } = stopping;
  let life = first;
  let restarts = 0;

  async function startAgain(how: string): Promise<Life> {
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
      const how = await life.ended;
      await life.stop();
      if (!signal.aborted) log?.error({ how }, `${name} ended by itself. It is started again.`);
      if (performance.now() - since > PROVEN_MS) restarts = 0;
      life = await startAgain(how);
      if (signal.aborted) await life.stop();
      else log?.info({ restarts }, `${name} was started again.`);
    }
  }

  const given = keepAlive().catch((error: Error) => error);
  return {
    async stop() {
      stopping.abort();
      await life.stop();
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
