import { expect, test } from 'vitest';
import { folderOf, readSources, type Sources } from './walls.ts';

/** The folders that answer requests. They call flows for changes. */
const EDGES: readonly string[] = ['dialects', 'pages', 'graphql'];

/** An import of values from a domain: what it names, and the file. */
const IMPORT =
  /import (?!type )(?<names>[^;'"]+?) from '(?:\.\.\/)+(?<file>(?:sessions|teams|audit|ens|jobs|keys|limits|mail|one-time-tokens|users)\/[^']+)'/g;

/** What a domain offers without changing anything: reads, parsers, constants and words. */
const HARMLESS = /^(?:(?:find|list|read|parse)[A-Z]\w*|[A-Z][A-Z_]+|purposes|\w+Words)$/;

const namesIn = (names: string): string[] =>
  /^\{[^}]*\}$/.test(names)
    ? names
        .slice(1, -1)
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && !name.startsWith('type '))
    : [names];

/** The operations of domains that an edge calls, as `file → operation`. */
const operationsOfDomains = (sources: Sources): string[] =>
  [...sources]
    .filter(([file]) => EDGES.includes(folderOf(file)))
    .flatMap(([file, text]) =>
      [...text.matchAll(IMPORT)]
        .flatMap(({ groups }) => namesIn(groups?.names ?? ''))
        .map((name) => `${file} → ${name}`),
    );

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
  ["import {\n  listTeams,\n  insertTeam,\n} from '../../teams/teams.ts';", 'insertTeam'],
  ["import { findUser as read, deleteUser } from '../users/users.ts';", 'findUser as read'],
  ["import * as users from '../users/users.ts';", '* as users'],
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
