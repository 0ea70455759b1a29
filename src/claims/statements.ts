import type { ClaimColumn } from './names.ts';
import { RefusedClaims } from './refused-claims.ts';

/** Claims of a token from the application's data, by name. */
export type ApplicationClaims = Readonly<Record<string, string>>;

/** Bytes of all claims of a user, as JSON. A token has room for them. */
const MAX_BYTES = 2048;

/** A claim becomes a header, in which a line break would begin another header. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to find
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

const quote = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`;

/** Returns a statement whose only row has the columns of the operator's statement. It does not run the operator's statement. */
export const columnsStatement = (statement: string): string =>
  `select claims.* from (select) nothing left join (${statement}\n) claims on false`;

/** Lists the columns that `columnsStatement` found. */
export const columnsIn = ([row]: readonly unknown[]): string[] => Object.keys(toRecord(row));

/** Returns a statement that reads the columns as Postgres writes them: an array as a literal, which is what Hasura compares with. */
export const valuesStatement = (statement: string, columns: readonly ClaimColumn[]): string =>
  `select ${columns
    .map(({ column }, at) => `claims.${quote(column)}::text as ${nameAt(at)}`)
    .join(', ')} from (${statement}\n) claims`;

const nameAt = (at: number): string => `claim_${at}`;

/**
 * Makes the claims from the rows that `valuesStatement` found. A column that is null is left out.
 * @throws RefusedClaims for two rows, or a value that a token cannot hold
 */
export function claimsIn(rows: readonly unknown[], columns: readonly ClaimColumn[]): ApplicationClaims {
  if (rows.length > 1) throw new RefusedClaims('returned more than one row');
  const [row] = rows;
  if (row === undefined) return {};
  const values = toRecord(row);
  const claims = Object.fromEntries(
    columns.flatMap(({ claim }, at) => {
      const value = values[nameAt(at)];
      return typeof value === 'string' ? [[claim, value]] : [];
    }),
  );
  if (Object.values(claims).some((value) => CONTROL_CHARACTER.test(value)))
    throw new RefusedClaims('returned a value with a control character, for example a line break');
  if (Buffer.byteLength(JSON.stringify(claims)) > MAX_BYTES)
    throw new RefusedClaims(`returned more than ${MAX_BYTES} bytes`);
  return claims;
}

const toRecord = (row: unknown): Record<string, unknown> =>
  typeof row === 'object' && row !== null ? { ...row } : {};
