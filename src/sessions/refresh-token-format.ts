import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createSecretDeriver } from '../crypto/derived-secrets.ts';

/**
 * Makes refresh tokens, and reads the session id in a token. A token is `prt_`, a secret of 256 bits, the id of its
 * session and a tag. Only the gateway can make the tag. The tag does not prove that the token is valid: the stored
 * token decides that. After the stored token is deleted, the tag still proves to which session it belonged.
 *
 * Every use exchanges a refresh token for its successor. The gateway derives the successor from the token under a key
 * that only it has. A client that asks twice (several tabs, a lost answer) therefore gets the same successor. A session
 * has one live token, even if many requests ask at once.
 */
export type RefreshTokens = {
  /** Makes the first token of a session. Its secret is random. */
  first(sessionId: string): string;
  /** Derives the successor of a token under the current key. */
  successorOf(token: string): string;
  /** Derives the successor under every configured key, the current key first. */
  successorsOf(token: string): string[];
  /** Reads the session id in a token. Null if this gateway did not make the token. */
  sessionOf(token: string): string | null;
};

const PREFIX = 'prt_';
/** 32 bytes in base64url. */
const SECRET_LENGTH = 43;
/** The length of the id (16 bytes in base64url) and of the tag (cut to 132 bits). */
const PART_LENGTH = 22;
const LENGTH = PREFIX.length + SECRET_LENGTH + 2 * PART_LENGTH;

const encodeId = (id: string): string => Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url');

function decodeId(text: string): string {
  const hex = Buffer.from(text, 'base64url').toString('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const isSame = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));

/**
 * Creates the functions for refresh tokens.
 * @param keys the key-encryption keys; separate keys for tokens are derived from them
 */
export function createRefreshTokens(keys: readonly Uint8Array[]): RefreshTokens {
  const successors = createSecretDeriver(keys, 'refresh token', 'prt');
  const tags = createSecretDeriver(keys, 'session of a refresh token', 'tag');
  const cut = (tag: string) => tag.slice('tag_'.length, 'tag_'.length + PART_LENGTH);
  /**
   * Appends the id and its tag under one of the keys. Tokens of earlier versions hold no id, and neither do their
   * successors.
   */
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
