import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { teams } from '../db/tables/teams.ts';
import { parseId } from '../db/uuid.ts';
import { AuthError } from '../errors.ts';

export const MAX_PAGE = 100;

/** A page of a list that is ordered by id: the first items after an id; null for the start of the list. */
export type Page = { first: number; after: string | null };

/** Lists the same page of several teams, as a user sees it, by team id. A team is missing if the user sees no item of it. */
export type ListOfTeams<Item> = (
  db: Database,
  which: { userId: string; teamIds: readonly string[] },
  page: Page,
) => Promise<Map<string, Item[]>>;

/**
 * The condition that a team is one of these. It has one parameter, so that the statement is the same for any number of
 * teams.
 */
export const isAmong = (teamIds: readonly string[]): SQL =>
  sql`${teams.id} = any(string_to_array(${teamIds.join(',')}, ',')::uuid[])`;

/** Groups rows by team id, and keeps their order. */
export function groupByTeam<Item>(rows: readonly { teamId: string; item: Item }[]): Map<string, Item[]> {
  const lists = new Map<string, Item[]>();
  for (const { teamId, item } of rows) {
    const list = lists.get(teamId);
    if (list === undefined) lists.set(teamId, [item]);
    else list.push(item);
  }
  return lists;
}

/**
 * Parses the page that a client asks for: the first items after an id.
 * @throws AuthError `invalid` on `first` or `after`
 */
export function parsePage({ first, after }: { first: number; after?: string | null | undefined }): Page {
  if (first < 1 || first > MAX_PAGE)
    throw new AuthError('invalid', { attribute: 'first', message: `Must be from 1 to ${MAX_PAGE}.` });
  return { first, after: after == null ? null : parseId(after, 'after') };
}
