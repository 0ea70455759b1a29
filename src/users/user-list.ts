import { and, asc, eq, gt, gte, isNotNull, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm';
import type { Database } from '../db/client.ts';
import { rolesOfMembers, rolesOfUsers } from '../db/tables/roles.ts';
import { users } from '../db/tables/users.ts';
import { canonicalEmail, formerSpelling } from '../mail/email-address.ts';
import type { User } from './users.ts';

/** Selects users. Null: the fact does not matter. */
export type UserFilter = Readonly<{
  /** The beginning of an address, a name or an id, in any case. */
  search: string | null;
  disabled: boolean | null;
  verified: boolean | null;
  createdFrom: Date | null;
  createdBefore: Date | null;
  /** A role of Hasura that the operator gave to the user, or to them as a member of a team. */
  role: string | null;
}>;

/** The columns of a user, without the one that only the addresses of version 0.1 need. */
const columns = {
  id: users.id,
  email: users.email,
  name: users.name,
  emailVerifiedAt: users.emailVerifiedAt,
  disabledAt: users.disabledAt,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
};

/**
 * Lists the users that fit a filter, in the order of their ids: the first ones after an id. Ids of the gateway grow with time, so
 * this is the order of creation, except for users that came with ids of another system.
 */
export const listUsers = (
  db: Database,
  filter: UserFilter,
  { first, after }: { first: number; after: string | null },
): Promise<User[]> =>
  db
    .select(columns)
    .from(users)
    .where(and(after === null ? undefined : gt(users.id, after), ...conditionsOf(filter)))
    .orderBy(asc(users.id))
    .limit(first);

function conditionsOf(filter: UserFilter): (SQL | undefined)[] {
  const { search, disabled, verified, createdFrom, createdBefore, role } = filter;
  const isSet = (column: typeof users.disabledAt | typeof users.emailVerifiedAt, wanted: boolean | null) =>
    wanted === null ? undefined : wanted ? isNotNull(column) : isNull(column);
  return [
    search === null ? undefined : beginsWith(search),
    isSet(users.disabledAt, disabled),
    isSet(users.emailVerifiedAt, verified),
    createdFrom === null ? undefined : gte(users.createdAt, createdFrom),
    createdBefore === null ? undefined : lt(users.createdAt, createdBefore),
    role === null ? undefined : hasRole(role),
  ];
}

const hasRole = (role: string): SQL => sql`(
  exists (select from ${rolesOfUsers} where ${rolesOfUsers.userId} = ${users.id} and ${rolesOfUsers.role} = ${role})
  or exists (select from ${rolesOfMembers} where ${rolesOfMembers.userId} = ${users.id} and ${rolesOfMembers.role} = ${role}))`;

/** A pattern for `like` that fits texts with this beginning. */
const patternOf = (text: string): string => `${text.replace(/[\\%_]/g, '\\$&')}%`;

/** Each of the conditions has an index. */
function beginsWith(search: string): SQL | undefined {
  const text = search.trim().normalize('NFC');
  const range = idRange(text.toLowerCase());
  const email = canonicalEmail(text);
  return or(
    email === null ? undefined : eq(users.email, email),
    sql`${users.email} like ${patternOf(formerSpelling(text))}`,
    sql`lower(${users.name}) like lower(${patternOf(text)})`,
    range === null ? undefined : and(gte(users.id, range[0]), lte(users.id, range[1])),
  );
}

const ZERO = '00000000-0000-0000-0000-000000000000';

/** The least and the greatest UUID with this beginning; null if no UUID begins so. */
function idRange(beginning: string): [string, string] | null {
  const fits = [...beginning].every((character, at) =>
    ZERO[at] === '-' ? character === '-' : /[0-9a-f]/.test(character),
  );
  if (!fits || beginning === '' || beginning.length > ZERO.length) return null;
  const rest = ZERO.slice(beginning.length);
  return [`${beginning}${rest}`, `${beginning}${rest.replaceAll('0', 'f')}`];
}
