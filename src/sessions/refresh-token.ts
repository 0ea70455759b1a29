import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createSecretDeriver } from '../crypto/derived-secrets.ts';

/**
 * Makes refresh tokens and reads the session that one names. A token is `prt_`, a secret of 256 bits, the id of its session
 * and a tag that only the gateway can make. The tag says nothing of whether the token is good: what is stored decides. It
 * tells whose token was presented after what was stored of it is deleted.
 *
 * Refresh tokens of one session follow each other: every use exchanges the token for its successor. The successor is derived
 * from the token under a key that only the gateway has. So a client that asks twice (several tabs, a lost answer) gets
 * the same one, and a session has one live token however many ask.
 */
export type RefreshTokens = {
  /** The first token of a session: its secret is random. */
  first(sessionId: string): string;
  /** What the token is exchanged for, under the current key. */
  successorOf(token: string): string;
  /** The same under every configured key, the current one first. */
  successorsOf(token: string): string[];
  /** The id of the session that a token of this gateway names; null for anything else. */
  sessionOf(token: string): string | null;
};

const PREFIX = 'prt_';
/** 32 bytes in base64url. */
const SECRET_LENGTH = 43;
/** 16 bytes in base64url: the id, and the tag, which is cut to 132 bits. */
const PART_LENGTH = 22;
const LENGTH = PREFIX.length + SECRET_LENGTH + 2 * PART_LENGTH;

const encodeId = (id: string): string => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');

function decodeId(text: string): string {
  const hex = Buffer.from(text, 'base64url').toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/** @param keys the key-encryption keys; the tokens get keys of their own from them */
export function createRefreshTokens(keys: readonly Uint8Array[]): RefreshTokens {
  const successors = createSecretDeriver(keys, 'refresh token', 'prt');
  const tags = createSecretDeriver(keys, 'session of a refresh token', 'tag');
  const cut = (tag: string) => tag.slice('tag_'.length, 'tag_'.length + PART_LENGTH);
  /** Under one of the keys. Tokens of earlier versions name no session, and neither do their successors. */
  const nameSession = (secret: string, id: string, key = 0) =>
    id === '' ? secret : `${secret}${id}${cut(tags.deriveAll(secret + id)[key] ?? '')}`;
  const split = (token: string) => {
    const secret = token.slice(0, PREFIX.length + SECRET_LENGTH);
    return { secret, id: token.slice(secret.length, -PART_LENGTH), tag: token.slice(-PART_LENGTH) };
  };
  const idIn = (token: string): string => {
    if (token.length !== LENGTH || !token.startsWith(PREFIX)) return '';
    const { secret, id, tag } = split(token);
    return tags.deriveAll(secret + id).some((made) => isSame(cut(made), tag)) ? id : '';
  };
  return {
    first: (sessionId) =>
      nameSession(`${PREFIX}${randomBytes(32).toString('base64url')}`, encodeId(sessionId)),
    successorOf: (token) => nameSession(successors.derive(token), idIn(token)),
    successorsOf(token) {
      const id = idIn(token);
      return successors.deriveAll(token).map((secret, key) => nameSession(secret, id, key));
    },
    sessionOf(token) {
      const id = idIn(token);
      return id === '' ? null : decodeId(id);
    },
  };
}
