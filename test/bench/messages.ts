import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the bench that answers questions. */
export type Helper<Question, Answer> = {
  pid: number;
  ask(question: Question): Promise<Answer>;
  stop(): Promise<void>;
};

type Envelope<T> = { id: number; content: T } | { id: number; failure: string };

/** Starts a file of this folder. Drops its output, since a busy gateway would pipe its log elsewhere. */
export function startHelper<Question, Answer>(
  file: string,
  env: Record<string, string> = {},
  execArgv: string[] = [],
): Helper<Question, Answer> {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: ['--import', 'tsx', ...execArgv],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();
  child.on('message', (message: Envelope<Answer>) => {
    const asker = waiting.get(message.id);
    waiting.delete(message.id);
    if ('content' in message) asker?.resolve(message.content);
    else asker?.reject(new Error(message.failure));
  });
  const ended = once(child, 'exit');
  void ended.then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended.`));
  });
  let asked = 0;
  return {
    pid: child.pid ?? 0,
    ask: (content) =>
      new Promise((resolve, reject) => {
        asked += 1;
        waiting.set(asked, { resolve, reject });
        child.send({ id: asked, content });
      }),
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** The side of the helper: answers every question until the bench disconnects. */
export function answer<Question, Answer>(work: (question: Question) => Promise<Answer>): void {
  process.on('message', async ({ id, content }: { id: number; content: Question }) => {
    try {
      process.send?.({ id, content: await work(content) });
    } catch (error) {
      process.send?.({ id, failure: String(error) });
    }
  });
  process.once('disconnect', () => process.exit(0));
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
