import { createHash, timingSafeEqual } from 'node:crypto';
import { createSecretDeriver } from '../crypto/derived-secrets.ts';
import type { CodePurpose } from '../db/tables/one-time-codes.ts';

/** What a code is bound to. With the same digits, another one has another hash. */
type CodeBinding = Readonly<{ userId: string; purpose: CodePurpose; target: string }>;

/** Makes codes and the tokens of links, and checks codes, under keys that only the gateway has. */
export type CodeMaker = Readonly<{
  /**
   * Makes the code and the link's token of a request. Every attempt to deliver its message makes the same ones.
   * @param request the id of the request, and what the code is bound to
   * @returns six digits, and 224 bits in hexadecimal
   */
  make(request: CodeBinding & { id: string }): { code: string; token: string };
  /** Returns the hash that is stored, under the current key. */
  hash(binding: CodeBinding, code: string): Buffer;
  /** Tells whether a typed code has the stored hash, under any configured key. It compares in constant time. */
  fits(binding: CodeBinding, code: string, hash: Buffer): boolean;
}>;

const DIGITS = 6;
/** The length of the tokens that clients of GoTrue know: a SHA-224 in hexadecimal. */
const TOKEN_BYTES = 28;

const boundText = ({ userId, purpose, target }: CodeBinding, code: string): string =>
  JSON.stringify([userId, purpose, target, code]);

const digestOf = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** @param keys the key-encryption keys, the current one first */
export function createCodeMaker(keys: readonly Uint8Array[]): CodeMaker {
  const maker = createSecretDeriver(keys, 'one-time code', 'otc');
  const hasher = createSecretDeriver(keys, 'hash of a one-time code', 'otc');
  return {
    make({ id, userId, purpose, target }) {
      const derive = (part: string) =>
        digestOf(maker.derive(JSON.stringify([part, id, userId, purpose, target])));
      // 2^64 codes are spread over a million: the bias is far below one in a billion.
      const code = String(derive('code').readBigUInt64BE() % BigInt(10 ** DIGITS)).padStart(DIGITS, '0');
      return { code, token: derive('link').toString('hex', 0, TOKEN_BYTES) };
    },
    hash: (binding, code) => digestOf(hasher.derive(boundText(binding, code))),
    fits(binding, code, hash) {
      let found = false;
      for (const secret of hasher.deriveAll(boundText(binding, code)))
        found = timingSafeEqual(digestOf(secret), hash) || found;
      return found;
    },
  };
}
