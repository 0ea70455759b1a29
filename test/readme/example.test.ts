import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { blocksOf } from './blocks.ts';
import { providePsql } from './psql.ts';

// A shell runs the block of hasura/example/README.md for the compose file. A script stands in for `docker`: it runs the command of
// the service `migrate` from the source, and the psql of the service `postgres` with the URL of the test's database.
// test/hasura/scenarios/example.test.ts plays the other block.

const run = promisify(execFile);
const role = `hasura_${randomBytes(6).toString('hex')}`;
const DOCKER = `#!/bin/sh
case "$1 $2 $3 $4 $5 $6 $7" in
  "compose run --rm migrate node dist/commands/hasura/role.js "*) shift 6; exec node --import tsx src/commands/hasura/role.ts "$@";;
  "compose exec --no-TTY postgres psql --username=hasura --dbname=portcullis") shift 7; exec psql "$HASURA_SOURCE_DATABASE_URL" "$@";;
  *) echo "Unexpected: docker $*" >&2; exit 1;;
esac
`;

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portcullis-compose-'));
  database = await createTestDatabase();
  await writeFile(join(folder, 'docker'), DOCKER);
  await chmod(join(folder, 'docker'), 0o755);
  await providePsql(folder);
});
afterAll(async () => {
  const owner = postgres(database.url, { max: 1, onnotice: () => {} });
  await owner`drop owned by ${owner(role)} cascade`;
  await owner`drop role ${owner(role)}`;
  await owner.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

test('the block for the compose file creates the table of the example, which Hasura’s role owns', async () => {
  const [block = ''] = await blocksOf('hasura/example/README.md', 'With the compose file', 'sh');
  const login = new URL(database.url);
  [login.username, login.password] = [role, randomBytes(12).toString('hex')];
  const env = {
    ...process.env,
    ...{ PATH: `${folder}:${process.env.PATH}`, DATABASE_URL: database.url },
    HASURA_SOURCE_DATABASE_URL: login.href,
  };
  await run('sh', ['-ec', block], { env });
  const sql = postgres(database.url, { max: 1 });
  const found = await sql`select schemaname, tableowner from pg_tables where tablename = 'notes'`;
  await sql.end();
  expect([...found]).toEqual([{ schemaname: 'app', tableowner: role }]);
});
