import { AuthError } from '../errors.ts';

type Key = string | number;
/** Where a value stands in a JSON document, from the inside out. */
type Place = { key: Key; within: Place } | null;

/** What an error tells of a path: its names are the client's, and as long as the client likes. */
const MAX_KEYS = 8;
const MAX_ATTRIBUTE_LENGTH = 200;

function pathOf(place: Place): Key[] {
  const path: Key[] = [];
  for (let at = place; at !== null; at = at.within) path.push(at.key);
  return path.reverse();
}

/**
 * Where a text of a JSON value is that is not well-formed: JSON may spell half of a surrogate pair as an escape. Such
 * halves become one and the same character when they are encoded, so that different inputs would be equal. Null where all
 * texts are well-formed. A name that is not well-formed counts for the object that it stands in.
 */
export function findIllFormed(value: unknown): Key[] | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : [];
  const waiting: { value: unknown; place: Place }[] = [{ value, place: null }];
  // A loop, since a client may nest values as deep as a body is long.
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { value, place } = next;
    if (typeof value !== 'object' || value === null) continue;
    for (const key of Array.isArray(value) ? value.keys() : Object.keys(value)) {
      const inner = (value as Record<Key, unknown>)[key];
      if (typeof key === 'string' && !key.isWellFormed()) return pathOf(place);
      if (typeof inner === 'object') waiting.push({ value: inner, place: { key, within: place } });
      if (typeof inner === 'string' && !inner.isWellFormed()) return pathOf({ key, within: place });
    }
  }
  return null;
}

/** The dotted name of the attribute at a path: `owner.emails.0`. The empty text for the document itself. */
export const attributeAt = (path: readonly PropertyKey[]): string =>
  path.slice(0, MAX_KEYS).map(String).join('.').slice(0, MAX_ATTRIBUTE_LENGTH).toWellFormed();

/** The error for a text that is not well-formed. */
export function illFormed(path: readonly Key[]): AuthError {
  const attribute = attributeAt(path);
  return new AuthError('invalid', {
    ...(attribute !== '' && { attribute }),
    message: 'This attribute is not well-formed text.',
  });
}
