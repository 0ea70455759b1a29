import { expect, test } from 'vitest';
import { domains, folderOf, type Import, importsOf, readSources, type Sources } from './walls.ts';

/** The folders that answer requests. They call flows for changes. */
const EDGES: readonly string[] = ['http', 'dialects', 'pages', 'graphql'];

/** An import of a list of names, or of types. */
const IMPORT = /\bimport (?:type \{[^}]*\}|\{(?<names>[^}]*)\}) from '[^']+';/g;

/** What a domain offers without changing anything: reads, parsers, constants and words. */
const HARMLESS =
  /^(?:(?:find(?!OrCreate)|list|read|parse)[A-Z]\w*|[A-Z][A-Z_]+|addressLimitSubject|\w+Words)$/;

/** The values that an import lists. */
const valuesIn = (names: string): string[] =>
  names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));

const isOfDomain = ({ imported }: Import): boolean => domains.includes(folderOf(imported));

/**
 * What an edge takes from domains, as `file → operation`. An import without a list of names, a re-export or import() may
 * bring anything: it counts as `file → path`.
 */
function operationsOf([file, text]: readonly [string, string]): string[] {
  const listed = [...text.matchAll(IMPORT)].filter(([line]) =>
    importsOf(new Map([[file, line]])).some(isOfDomain),
  );
  const others = importsOf(new Map([[file, text.replace(IMPORT, '')]])).filter(isOfDomain);
  return [
    ...listed.flatMap(({ groups }) => valuesIn(groups?.names ?? '')),
    ...others.map(({ imported }) => imported),
  ].map((operation) => `${file} → ${operation}`);
}

const operationsOfDomains = (sources: Sources): string[] =>
  [...sources].filter(([file]) => EDGES.includes(folderOf(file))).flatMap(operationsOf);

const changes = (sources: Sources): string[] =>
  operationsOfDomains(sources).filter((operation) => !HARMLESS.test(operation.split(' → ')[1] ?? ''));

test('dialects, pages and GraphQL call domains only to read', async () => {
  const sources = await readSources();
  expect(operationsOfDomains(sources).length).toBeGreaterThan(5);
  expect(changes(sources)).toEqual([]);
});

test.each([
  ["import { generateJwk } from '../keys/jwks.ts';", 'generateJwk'],
  ["import { type Jwk, deleteExpiredKeys } from '../keys/jwks.ts';", 'deleteExpiredKeys'],
  ["import {\n  listTeams,\n  insertTeam,\n} from '../teams/teams.ts';", 'insertTeam'],
  ["import { findUser as read, deleteUser } from '../users/users.ts';", 'findUser as read'],
  ["import * as users from '../users/users.ts';", 'users/users.ts'],
  ["export { deleteUser } from '../users/users.ts';", 'users/users.ts'],
  ["const { deleteUser } = await import('../users/users.ts');", 'users/users.ts'],
])('a change that skips its flow is found: %j', (line, name) => {
  expect(changes(new Map([['pages/site.ts', line]]))).toContain(`pages/site.ts → ${name}`);
});

test.each([
  "import type { generateJwk } from '../keys/jwks.ts';",
  "import { listTeams, type Team } from '../teams/teams.ts';",
  "import { MANAGERS } from '../teams/roles.ts';",
])('a read or a type may skip the flows: %j', (line) => {
  expect(changes(new Map([['pages/site.ts', line]]))).toEqual([]);
});
