import { AuthError } from '../errors.ts';
import { parseId } from './access.ts';

export const MAX_PAGE = 100;

/** A part of a list that is ordered by id. */
export type Page = { first: number; after: string | null };

/**
 * The first so many after the one with that id.
 * @throws AuthError `invalid` on `first` or `after`
 */
export function parsePage({ first, after }: { first: number; after?: string | null | undefined }): Page {
  if (first < 1 || first > MAX_PAGE)
    throw new AuthError('invalid', { attribute: 'first', message: `Must be from 1 to ${MAX_PAGE}.` });
  return { first, after: after == null ? null : parseId(after, 'after') };
}
