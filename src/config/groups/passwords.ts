import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { integer } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { endpointUrl, isReachable } from './outbound.ts';

const MAX_GROUPS = 10;

/** Groups of characters, separated by `:`. `\\:` is the colon itself, as GoTrue reads it. */
const characterGroups = () =>
  z
    .string()
    .max(1000, 'must have at most 1000 characters')
    .transform((value) =>
      value
        .split(/(?<!\\):/)
        .map((group) => group.replaceAll('\\:', ':'))
        .filter((group) => group !== ''),
    )
    .refine((groups) => groups.length <= MAX_GROUPS, `must be at most ${MAX_GROUPS} groups`)
    .refine(
      (groups) => groups.every((group) => group.normalize('NFKC') === group),
      'must hold characters in their normal form (NFKC): a password never has the others',
    );

/** The rules for new passwords, and how many the gateway hashes at once. */
export const passwordVariables = {
  PASSWORD_MIN_LENGTH: variable({
    parser: integer(1, 128),
    default: '8',
    description: 'Characters that a password must have.',
  }),
  PASSWORD_REQUIRED_CHARACTERS: variable({
    parser: characterGroups(),
    default: '',
    description:
      'Groups of characters, separated by `:`. A new password needs a character of each, for example `abcdefghijklmnopqrstuvwxyz:0123456789`. `\\:` is the colon itself.',
    shownDefault: 'none',
  }),
  PWNED_PASSWORDS: variable({
    parser: z.enum(['off', 'open', 'closed']),
    default: 'off',
    description:
      'Whether new passwords that are [known from data leaks](../leaked-passwords/README.md) are refused. If the service does not answer, `open` accepts a password and `closed` refuses it.',
  }),
  PWNED_PASSWORDS_URL: variable({
    parser: endpointUrl(),
    default: 'https://api.pwnedpasswords.com/',
    description:
      'URL of the service that knows leaked passwords: Have I Been Pwned, or one with the same API.',
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

function leakedPasswordsOf({ PWNED_PASSWORDS: mode, PWNED_PASSWORDS_URL: url }: Environment) {
  if (mode === 'off') return null;
  const unavailable = mode === 'open' ? ('accept' as const) : ('refuse' as const);
  return { url: url.endsWith('/') ? url : `${url}/`, unavailable };
}

export const passwordConfig = (e: Environment) => ({
  passwords: {
    minLength: e.PASSWORD_MIN_LENGTH,
    /** Groups of characters. A new password has at least one of each. */
    requiredCharacters: e.PASSWORD_REQUIRED_CHARACTERS,
    hashConcurrency: e.PASSWORD_HASH_CONCURRENCY ?? defaultHashConcurrency(e.UV_THREADPOOL_SIZE),
    hashQueue: e.PASSWORD_HASH_QUEUE,
  },
  /** The service that knows leaked passwords, and what happens to a password while it does not answer; null: off. */
  leakedPasswords: leakedPasswordsOf(e),
});

/** With a URL that the gateway cannot reach, `closed` would refuse every password, and `open` would check none. */
export const passwordProblems = (e: Environment): string[] =>
  e.PWNED_PASSWORDS === 'off' || isReachable(e.PWNED_PASSWORDS_URL, e.ALLOW_PRIVATE_ADDRESSES)
    ? []
    : ['PWNED_PASSWORDS_URL: needs https, or its host in ALLOW_PRIVATE_ADDRESSES'];
