import { RefusedClaims } from './refused-claims.ts';

const PREFIX = 'x-hasura-';

/**
 * Names that no column may have. The gateway and Hasura give these a meaning of their own: a claim becomes a session variable, and
 * Hasura sends each session variable to the gateway as a header.
 */
export const RESERVED_CLAIMS: readonly string[] = [
  ...['user-id', 'session-id', 'allowed-roles', 'default-role', 'role', 'team-id', 'team-role'],
  ...['token-kind', 'auth-level', 'gateway-secret', 'admin-secret', 'access-key'],
  ...['use-backend-only-permissions', 'unauthorized-role', 'query-plan', 'request-id'],
].map((name) => PREFIX + name);

/** The column that selects the row in a view. It is not a claim. */
const SELECTING_COLUMN = 'user_id';

/** A claim's name is a header's name. */
const NAME = /^x-hasura-[a-z0-9][a-z0-9-]{0,62}$/;

const MAX_CLAIMS = 32;

/** A column of the statement, and the claim that it becomes. */
export type ClaimColumn = { column: string; claim: string };

const claimOf = (column: string): string => {
  const name = column.toLowerCase().replaceAll('_', '-');
  return name.startsWith(PREFIX) ? name : PREFIX + name;
};

/**
 * Names the claims of columns: in lower case, with `x-hasura-` and hyphens.
 * @throws RefusedClaims if a column has a reserved or an impossible name, or there are too many columns, or two of one name
 */
export function nameClaims(columns: readonly string[]): ClaimColumn[] {
  const claims = columns
    .filter((column) => column !== SELECTING_COLUMN)
    .map((column) => ({ column, claim: claimOf(column) }));
  if (claims.length === 0) throw new RefusedClaims('has no column besides user_id');
  if (claims.length > MAX_CLAIMS) throw new RefusedClaims(`has more than ${MAX_CLAIMS} columns`);
  for (const { column, claim } of claims) {
    if (RESERVED_CLAIMS.includes(claim)) throw new RefusedClaims(`the name ${claim} is reserved`);
    if (!NAME.test(claim))
      throw new RefusedClaims(
        `the column ${JSON.stringify(column)} does not name a claim: use letters, digits and _`,
      );
  }
  const names = claims.map(({ claim }) => claim);
  const double = names.find((name, at) => names.indexOf(name) !== at);
  if (double !== undefined) throw new RefusedClaims(`two columns name the claim ${double}`);
  return claims;
}
