import { routePath } from 'hono/route';
import { z } from 'zod';
import { pageAccounts } from '../../flows/admin/list-users.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { MAX_PER_PAGE } from '../../users/account-pages.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { adminErrors, adminToken, requireAdmin } from './bearer.ts';
import { validationFailed } from './errors.ts';
import { userObject } from './objects.ts';
import { UserSchema } from './schemas.ts';

const ListQuery = z.object({
  page: z.string().default('').meta({ description: 'The number of the page, from 1.' }),
  per_page: z
    .string()
    .default('')
    .meta({ description: `The size of a page: 1 to ${MAX_PER_PAGE}, by default 50.` }),
  filter: z
    .string()
    .default('')
    .meta({ description: 'A part of the address, the number, the name or the id.' }),
  sort: z.string().default('').meta({ description: '`created_at asc` or `created_at desc`, the default.' }),
});
type Query = z.output<typeof ListQuery>;

/** A positive number. GoTrue takes 0 for the default. @throws AuthError `validation_failed` */
function numberOf(text: string, byDefault: number): number {
  if (text === '') return byDefault;
  if (!/^\d{1,15}$/.test(text))
    throw validationFailed(
      `Bad Pagination Parameters: strconv.ParseUint: parsing ${JSON.stringify(text.slice(0, 64))}: invalid syntax`,
    );
  return Number(text) || byDefault;
}

function sizeOf({ per_page }: Query): number {
  const size = numberOf(per_page, 50);
  if (size > MAX_PER_PAGE)
    throw validationFailed(`Bad Pagination Parameters: per_page must be at most ${MAX_PER_PAGE}`);
  return size;
}

/** @throws AuthError `validation_failed` */
function isOldestFirst({ sort }: Query): boolean {
  const [field = '', direction = 'desc', ...rest] = sort.trim().split(/\s+/);
  if (field !== '' && field !== 'created_at')
    throw validationFailed(`Bad Sort Parameters: bad field for sort '${field.slice(0, 64)}'`);
  if (!['asc', 'desc'].includes(direction.toLowerCase()) || rest.length > 0)
    throw validationFailed(
      `Bad Sort Parameters: bad direction for sort '${direction.slice(0, 64)}', only 'asc' and 'desc' allowed`,
    );
  return direction.toLowerCase() === 'asc';
}

type Page = { path: string; page: number; pages: number };

/** The links to other pages (RFC 8288), with the parameters in the order that the stock client reads. */
function linksOf({ filter, per_page, sort }: Query, { path, page, pages }: Page): string {
  const linkTo = (number: number, rel: string) => {
    const sent = Object.entries({ filter, page: String(number), per_page, sort });
    const query = new URLSearchParams(sent.filter(([, value]) => value !== ''));
    return `<${path}?${query}>; rel="${rel}"`;
  };
  return [...(page < pages ? [linkTo(page + 1, 'next')] : []), linkTo(pages, 'last')].join(', ');
}

/** The list of accounts, for servers that manage them. */
export const adminListEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/admin/users',
    docs: {
      operationId: 'goTrueListUsers',
      summary: 'List users, a page at a time',
      description:
        'The newest first. `X-Total-Count` is the number of users that fit, and `Link` leads to the next and the last page. Identities are left out.',
      security: adminToken,
      answers: {
        200: {
          description: 'A page of users.',
          schema: z.object({
            users: z.array(UserSchema.extend({ identities: z.null() })),
            aud: z.string(),
          }),
        },
      },
      errors: adminErrors,
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    query: ListQuery,
    async handle({ by, query }, c) {
      const [page, perPage] = [numberOf(query.page, 1), sizeOf(query)];
      const oldestFirst = isOldestFirst(query);
      const found = await pageAccounts(deps, by, { page, perPage, filter: query.filter, oldestFirst });
      const pages = Math.max(1, Math.ceil(found.total / perPage));
      c.header('x-total-count', String(found.total));
      c.header('link', linksOf(query, { path: routePath(c, -1), page, pages }));
      const users = found.accounts.map((account) => ({
        ...userObject(account, deps.config),
        identities: null,
      }));
      return c.json({ users, aud: deps.config.gotrue.audience });
    },
  }),
];
