import { MAX_METADATA_BYTES, type Metadata } from '../db/tables/account-details.ts';
import { AuthError } from '../errors.ts';

/** Objects and lists that metadata may nest. Postgres and serialisers work through them one within the other. */
const MAX_DEPTH = 32;

/** The values within a value, and the names of its attributes. */
const innerOf = (value: unknown): unknown[] =>
  typeof value === 'object' && value !== null ? [...Object.values(value), ...Object.keys(value)] : [];

/** Postgres stores no text with a NUL or with half a surrogate pair. */
const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

/** What Postgres cannot store of metadata; null if it can. It goes by levels, since a client can nest values very deeply. */
function faultOf(metadata: Metadata): string | null {
  let level: unknown[] = [metadata];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return 'It nests too many levels.';
    if (level.some((value) => typeof value === 'string' && !isStorable(value)))
      return 'It has a NUL, or half a character.';
    level = level.flatMap(innerOf);
  }
  return null;
}

/** Whether an account has room for metadata: at most 16 KB of JSON. */
export const isShortEnough = (metadata: Metadata): boolean =>
  Buffer.byteLength(JSON.stringify(metadata)) <= MAX_METADATA_BYTES;

/**
 * Checks metadata that a client sends: at most 16 KB of JSON and 32 levels, without NUL.
 * @returns the metadata, unchanged
 * @throws AuthError `invalid` or `max_length` on the given attribute
 */
export function parseMetadata(metadata: Metadata, attribute: string): Metadata {
  const message = faultOf(metadata);
  if (message !== null) throw new AuthError('invalid', { attribute, message });
  if (!isShortEnough(metadata))
    throw new AuthError('max_length', {
      attribute,
      message: `Must be at most ${MAX_METADATA_BYTES} bytes of JSON.`,
    });
  return metadata;
}
