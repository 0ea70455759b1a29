import { z } from 'zod';
import { list, text } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { isProduction, publicUrlOf } from './server.ts';

/** The dialects that can be switched off. The name of the wallet's is reserved: it serves nothing yet. */
const dialectNames = ['portal', 'teams', 'gotrue', 'wallet'] as const;
export type DialectName = (typeof dialectNames)[number];

const AUTOCONFIRMED = ['email', 'phone'] as const;

const distinct = <Item>(items: readonly Item[]): Item[] => [...new Set(items)];

/** A list of names; `none` alone is the empty list. */
const namesOf = <const Names extends readonly [string, ...string[]]>(names: Names, orNone: string) =>
  list()
    .transform((items) => (items.length === 1 && items[0] === 'none' ? [] : distinct(items)))
    .pipe(z.array(z.enum(names, { error: `must be a list of ${names.join(', ')}${orNone}` })));

/** A pattern without a scheme would fit no URL (`app.example.com`), or any (`**`), which would send tokens to every site. */
const redirectPattern = () =>
  z
    .string()
    .max(2000, 'must have at most 2000 characters')
    .regex(/^[a-z][a-z0-9+.*-]*:/i, 'must be URLs with a scheme, like https://app.example.com/**');

/** Which dialects are served, and what the GoTrue dialect does. */
export const gotrueVariables = {
  DIALECTS: variable({
    parser: namesOf(dialectNames, ''),
    description:
      'The HTTP dialects that the gateway serves, separated by commas: `portal`, `teams`, `gotrue`. (`wallet` is a reserved name, which serves nothing yet.) The paths of the others answer 404. GraphQL, actions and JWKS are always on.',
    shownDefault: 'all; portal, teams in production',
  }),
  GOTRUE_JWT_AUDIENCE: variable({
    parser: text(),
    default: 'authenticated',
    description:
      '`aud` of tokens that the GoTrue dialect issues. Hasura must accept it beside JWT_AUDIENCE before you switch the dialect on.',
  }),
  AUTOCONFIRM: variable({
    parser: namesOf(AUTOCONFIRMED, ', or none'),
    default: 'none',
    description:
      'What a sign-up at the GoTrue dialect need not confirm: `email`, `phone`, both, or `none`. It opens a session at once. The address does not count as verified.',
  }),
  REDIRECT_URLS: variable({
    parser: list().pipe(z.array(redirectPattern()).max(200)),
    default: '',
    description:
      'Where links and providers may lead besides APP_URL: URLs, separated by commas. `*` stands for characters other than `.` and `/`, `**` for all.',
    shownDefault: 'none',
  }),
};

/** The dialects that are switched off. */
export const dialectsOff = ({ dialects }: { dialects: readonly DialectName[] }): DialectName[] =>
  dialectNames.filter((name) => name !== 'wallet' && !dialects.includes(name));

export const gotrueConfig = (e: Environment) => ({
  dialects: e.DIALECTS ?? (isProduction(e) ? (['portal', 'teams'] as const) : dialectNames),
  gotrue: {
    audience: e.GOTRUE_JWT_AUDIENCE,
    autoconfirm: e.AUTOCONFIRM,
  },
  redirects: {
    /** Where links and providers lead if the client names no other place. */
    siteUrl: e.APP_URL ?? publicUrlOf(e),
    /** Patterns of other places to which they may lead. */
    allowed: e.REDIRECT_URLS,
  },
});
