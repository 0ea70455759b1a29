import { integer, text } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

const MAX_LENGTH = 8192;

/** A part of a name in SQL, with or without quotes. */
const PART = '(?:[A-Za-z_][A-Za-z0-9_$]*|"(?:[^"]|"")+")';
const VIEW = new RegExp(String.raw`^${PART}(?:\.${PART})?$`);
const QUALIFIED_VIEW = new RegExp(String.raw`^${PART}\.${PART}$`);

/** Turns the name of a view, or a `select`, into a statement whose parameter `$1` is the user's id. */
const claimsStatement = text()
  .max(MAX_LENGTH, `must be at most ${MAX_LENGTH} characters`)
  .transform((value) => value.replace(/;$/, '').trimEnd())
  .refine((value) => !value.includes(';'), 'must be one statement without a semicolon')
  .refine(
    (value) => !VIEW.test(value) || QUALIFIED_VIEW.test(value),
    "must name the view's schema: public.user_claims",
  )
  .refine(
    (value) => VIEW.test(value) || /^(?:select|with)\b/i.test(value),
    'must be a select, or the name of a view with a column user_id',
  )
  .refine((value) => VIEW.test(value) || /\$1(?!\d)/.test(value), "must select by $1, which is the user's id")
  .transform((value) => (VIEW.test(value) ? `select * from ${value} where user_id = $1` : value));

/** Claims of tokens from the application's own data. */
export const claimsVariables = {
  CLAIMS_SQL: variable({
    parser: claimsStatement,
    description:
      "A `select` of one row in which `$1` is the user's id, or the name of a view with a column `user_id`: `public.user_claims`. Each other column is a claim for Hasura. Read [Claims](../claims/README.md).",
    shownDefault: 'none',
  }),
  CLAIMS_TIMEOUT_MS: variable({
    parser: integer(10, 10_000),
    default: '1000',
    description: 'Milliseconds that CLAIMS_SQL may take. If it takes longer, the sign-in or refresh fails.',
  }),
};

export const claimsConfig = ({ CLAIMS_SQL: statement, CLAIMS_TIMEOUT_MS: timeoutMs }: Environment) => ({
  /** The statement that reads claims of a user, whose id is its parameter `$1`; null if there are only the gateway's claims. */
  claims: statement === undefined ? null : { statement, timeoutMs },
});
