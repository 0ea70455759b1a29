import { MAX_METADATA_BYTES, type Metadata } from '../db/tables/account-details.ts';
import { AuthError } from '../errors.ts';

/** How deeply values of metadata may be nested. */
const MAX_DEPTH = 32;

/** Postgres stores no text with a NUL or with half a surrogate pair. */
const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\u0000');

/** Tells whether a JSON value is nested too deeply, or holds text that cannot be stored. It does not recurse. */
function faultOf(metadata: Metadata): 'depth' | 'text' | null {
  let level: unknown[] = [metadata];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return 'depth';
    if (level.some((value) => typeof value === 'string' && !isStorable(value))) return 'text';
    const objects = level.filter((value): value is object => typeof value === 'object' && value !== null);
    if (!objects.every((value) => Object.keys(value).every(isStorable))) return 'text';
    level = objects.flatMap((value) => Object.values(value));
  }
  return null;
}

/**
 * Checks metadata that a client sends, or what it becomes together with the stored metadata.
 * @throws AuthError `max_length` over 16 KiB of JSON, `invalid` if it is nested too deeply or holds text that cannot be stored, on the
 * given attribute
 */
export function checkMetadata(metadata: Metadata, attribute: string): void {
  const fault = faultOf(metadata);
  if (fault === 'depth')
    throw new AuthError('invalid', { attribute, message: `Must be at most ${MAX_DEPTH} levels deep.` });
  if (fault === 'text')
    throw new AuthError('invalid', { attribute, message: 'Must be well-formed text without NUL.' });
  if (Buffer.byteLength(JSON.stringify(metadata)) > MAX_METADATA_BYTES)
    throw new AuthError('max_length', {
      attribute,
      message: `Must be at most ${MAX_METADATA_BYTES} bytes of JSON.`,
    });
}
