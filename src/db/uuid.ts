import { AuthError } from '../errors.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Tells whether a value is a UUID as Postgres writes it, of any version: an application may have made it. */
export const isUuid = (value: unknown): value is string =>
  typeof value === 'string' && value.length === 36 && UUID.test(value);

/**
 * Parses a UUID, in upper or lower case, and spells it as Postgres does.
 * @throws AuthError `invalid` on the given attribute
 */
export function parseId(input: string, attribute: string): string {
  const id = input.toLowerCase();
  if (!isUuid(id)) throw new AuthError('invalid', { attribute });
  return id;
}
