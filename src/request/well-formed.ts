import { AuthError } from '../errors.ts';

type Key = string | number;
/** The place of a value in a JSON document, from the inside out. */
type Place = { key: Key; within: Place } | null;

/** How much of a path an error shows: the client chooses the names and their length. */
const MAX_KEYS = 8;
const MAX_ATTRIBUTE_LENGTH = 200;

function pathOf(place: Place): Key[] {
  const path: Key[] = [];
  for (let at = place; at !== null; at = at.within) path.push(at.key);
  return path.reverse();
}

/**
 * Finds a text in a JSON value that is not well-formed Unicode, and returns its path; null if all texts are. JSON can spell
 * a lone half of a surrogate pair as an escape. In UTF-8 every lone half becomes the same character, so that different
 * inputs would be equal. If the name of an attribute is not well-formed, the path is that of its object.
 */
export function findIllFormed(value: unknown): Key[] | null {
  if (typeof value === 'string') return value.isWellFormed() ? null : [];
  const waiting: { value: unknown; place: Place }[] = [{ value, place: null }];
  // A loop instead of recursion: a client can nest values very deeply.
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

/** Returns the error for a text that is not well-formed. */
export function illFormed(path: readonly Key[]): AuthError {
  const attribute = attributeAt(path);
  return new AuthError('invalid', {
    ...(attribute !== '' && { attribute }),
    message: 'This attribute is not well-formed text.',
  });
}
