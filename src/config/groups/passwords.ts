import { availableParallelism } from 'node:os';
import { integer } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** The length of passwords, and how many the gateway hashes at once. */
export const passwordVariables = {
  PASSWORD_MIN_LENGTH: variable({
    parser: integer(1, 128),
    default: '8',
    description: 'Characters that a password must have.',
  }),
  PASSWORD_HASH_CONCURRENCY: variable({
    parser: integer(1, 64),
    description: 'Passwords that are hashed at once.',
    shownDefault: 'the cores, at most UV_THREADPOOL_SIZE - 2',
  }),
  UV_THREADPOOL_SIZE: variable({
    parser: integer(1, 1024),
    default: '4',
    description:
      'Threads with which Node.js hashes, signs and reads files. With more than two cores, set it to the number of cores plus two.',
  }),
  PASSWORD_HASH_QUEUE: variable({
    parser: integer(1, 10_000),
    default: '150',
    description: 'Hashes that may wait. The gateway refuses further ones with `busy`.',
  }),
};

/** One hash per core, but two threads of the pool stay free for WebCrypto and files. */
const defaultHashConcurrency = (threads: number): number =>
  Math.max(1, Math.min(availableParallelism(), threads - 2));

export const passwordConfig = (e: Environment) => ({
  passwords: {
    minLength: e.PASSWORD_MIN_LENGTH,
    hashConcurrency: e.PASSWORD_HASH_CONCURRENCY ?? defaultHashConcurrency(e.UV_THREADPOOL_SIZE),
    hashQueue: e.PASSWORD_HASH_QUEUE,
  },
});
