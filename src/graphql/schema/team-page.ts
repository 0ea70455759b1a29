import type { TeamMembership } from '../../teams/membership.ts';
import { type ListOfTeams, MAX_PAGE, parsePage } from '../../teams/pages.ts';
import { loadInBatch } from '../batches.ts';
import { builder } from '../builder.ts';
import type { Context } from '../context.ts';

/** The arguments of every list in a team. */
export const pageArgs = builder.args((t) => ({
  first: t.int({
    required: true,
    defaultValue: MAX_PAGE,
    description: `The size of the page: 1 to ${MAX_PAGE}.`,
  }),
  after: t.id({
    description: 'The id of the last item of the previous page. Leave it out for the first page.',
  }),
}));

/** A page of a list in a team. The same page of several teams takes one query. */
export async function teamPage<Item>(
  context: Context,
  { team, userId }: TeamMembership,
  args: { first: number; after?: string | null | undefined },
  list: ListOfTeams<Item>,
): Promise<Item[]> {
  const page = parsePage(args);
  const kind = JSON.stringify([list.name, userId, page.first, page.after]);
  const load = (teamIds: string[]) => list(context.deps.db, { userId, teamIds }, page);
  return (await loadInBatch(context, { kind, key: team.id }, load)) ?? [];
}
