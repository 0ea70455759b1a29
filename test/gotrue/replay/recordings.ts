import { readdirSync, readFileSync } from 'node:fs';

export type ServerName = 'main' | 'auto' | 'strict' | 'closed';

/** What a client sent to the real GoTrue, and what it answered. README.md lists the placeholders. */
export type Step = Readonly<{
  on: ServerName;
  /** Method and path: `POST /signup`. */
  send: string;
  headers?: Readonly<Record<string, string>>;
  body?: unknown;
  status: number;
  answer: Readonly<{ headers: Readonly<Record<string, string>>; body?: unknown }>;
}>;

export type Recording = Readonly<{
  name: string;
  /** Who decides the case: the seed, the real server, or the stock client. */
  by: 'seed' | 'gotrue' | 'client';
  steps: readonly Step[];
}>;

const FOLDER = new URL('./recordings/', import.meta.url);

/** All recorded cases, in the order of their files. */
export const recordings: readonly Recording[] = readdirSync(FOLDER)
  .sort()
  .flatMap((file) =>
    readFileSync(new URL(file, FOLDER), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Recording),
  );
