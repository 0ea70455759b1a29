import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { teams } from '../db/tables/teams.ts';
import { parseId } from '../db/uuid.ts';
import { AuthError } from '../errors.ts';

export const MAX_PAGE = 100;

/** A part of a list that is ordered by id. */
export type Page = { first: number; after: string | null };

/** Lists the same page of several teams, as a user sees it, by team; a team of which they see nothing is missing. */
export type ListOfTeams<Item> = (
  db: Database,
  which: { userId: string; teamIds: readonly string[] },
  page: Page,
) => Promise<Map<string, Item[]>>;

/** Whether a team is among these. One parameter, so that a statement is the same for any number of teams. */
export const isAmong = (teamIds: readonly string[]): SQL =>
  sql`${teams.id} = any(string_to_array(${teamIds.join(',')}, ',')::uuid[])`;

/** The rows of several teams, by team, in their order. */
export function byTeam<Item>(rows: readonly { teamId: string; item: Item }[]): Map<string, Item[]> {
  const lists = new Map<string, Item[]>();
  for (const { teamId, item } of rows) {
    const list = lists.get(teamId);
    if (list === undefined) lists.set(teamId, [item]);
    else list.push(item);
  }
  return lists;
}

/**
 * The first so many after the one with that id.
 * @throws AuthError `invalid` on `first` or `after`
 */
export function parsePage({ first, after }: { first: number; after?: string | null | undefined }): Page {
  if (first < 1 || first > MAX_PAGE)
    throw new AuthError('invalid', { attribute: 'first', message: `Must be from 1 to ${MAX_PAGE}.` });
  return { first, after: after == null ? null : parseId(after, 'after') };
}
