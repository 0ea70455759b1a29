import { builder } from '../graphql/builder.ts';
import { MAX_PAGE } from './pages.ts';

/** The arguments of every list in a team. */
export const pageArgs = builder.args((t) => ({
  first: t.int({
    required: true,
    defaultValue: MAX_PAGE,
    description: `How many at most; no more than ${MAX_PAGE}.`,
  }),
  after: t.id({ description: 'The id of the last one of the page before; none for the first page.' }),
}));
