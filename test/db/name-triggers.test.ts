import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { createEmptyDatabase, type TestDatabase } from '../support/database.ts';

// The database enforces the gateway's rules for names when Hasura or an operator writes them.

const [USER, TEAM, PROJECT] = [1, 2, 3].map((n) => `018f0000-0000-7000-8000-00000000000${n}`);
const TABLES = [
  ['users', USER],
  ['teams', TEAM],
  ['projects', PROJECT],
] as const;

let database: TestDatabase;
let sql: postgres.Sql;
beforeEach(async () => {
  database = await createEmptyDatabase();
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
});
afterEach(async () => {
  await sql.end();
  await database.drop();
});

const insertRows = (name: string) =>
  sql.begin(async (tx) => {
    await tx`insert into portcullis.users (id, email, name) values (${USER!}, 'ada@example.com', ${name})`;
    await tx`insert into portcullis.teams (id, name) values (${TEAM!}, ${name})`;
    await tx`insert into portcullis.projects (id, team_id, name) values (${PROJECT!}, ${TEAM!}, ${name})`;
  });

const setName = (table: string, name: string | null) =>
  sql`update ${sql('portcullis')}.${sql(table)} set name = ${name}`;

const refusal = (table: string) => ({
  code: '23514',
  constraint_name: `${table}_name_length`,
  table_name: table,
  message: expect.stringContaining('at least one of them visible'),
});

const BAD = [
  ...[
    '',
    ' ',
    'x'.repeat(256),
    ' Ada',
    'Ada ',
    'Ada\u00A0',
    '\u3000Ada',
    'Ada\uFEFF',
    'Ada\n',
    'A\u0007da',
    'A\u0085da',
  ],
  ...[
    'A\u202Eda',
    'A\u2066da',
    'A\u2028da',
    'Zoe\u0308',
    '\u3164',
    '\u2800',
    '\u115F\u1160',
    '\u200B',
    '\u0301',
  ],
];

describe('a name', () => {
  beforeEach(async () => {
    await applyMigrations(database.url);
    await insertRows('Ada');
  });

  test.each(TABLES)('of %s is refused if the gateway would refuse or change the name', async (table) => {
    for (const name of BAD)
      await expect(setName(table, name), JSON.stringify(name)).rejects.toMatchObject(refusal(table));
    for (const name of ['Zoë', 'x'.repeat(255), '😀'.repeat(255)]) await setName(table, name);
  });

  test.each(TABLES)('of %s is also refused in a new row', async (table) => {
    await sql`delete from portcullis.users`;
    await sql`delete from portcullis.teams`;
    await expect(
      sql.begin(async (tx) => {
        await tx`insert into portcullis.teams (id, name) values (${TEAM!}, ${table === 'teams' ? '\u3164' : 'T'})`;
        await tx`insert into portcullis.users (id, name) values (${USER!}, ${table === 'users' ? '\u3164' : 'U'})`;
        await tx`insert into portcullis.projects (id, team_id, name) values (${PROJECT!}, ${TEAM!}, '\u3164')`;
      }),
    ).rejects.toMatchObject(refusal(table));
  });

  test.each(TABLES)('of %s cannot be set to null', async (table) => {
    await expect(setName(table, null)).rejects.toMatchObject(refusal(table));
  });

  test('of a person may be null until first set', async () => {
    await sql`insert into portcullis.users (id) values (gen_random_uuid())`;
    await sql`update portcullis.users set name = null where email is null`;
    await sql`update portcullis.users set name = 'Bob' where email is null`;
    await expect(sql`update portcullis.users set name = null where email is null`).rejects.toMatchObject(
      refusal('users'),
    );
  });
});

/** Applies the migrations before the one with the given tag. */
async function migrateBefore(tag: string): Promise<void> {
  const client = postgres(database.url, { max: 1, onnotice: () => {} });
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-migrations-'));
  try {
    await cp('drizzle', folder, { recursive: true });
    const path = join(folder, 'meta', '_journal.json');
    const journal = JSON.parse(await readFile(path, 'utf8')) as { entries: { tag: string }[] };
    const before = journal.entries.findIndex((entry) => entry.tag.endsWith(tag));
    expect(before).toBeGreaterThan(0);
    await writeFile(path, JSON.stringify({ ...journal, entries: journal.entries.slice(0, before) }));
    await migrate(drizzle(client), {
      migrationsFolder: folder,
      ...{ migrationsSchema: 'portcullis_migrations', migrationsTable: 'applied' },
    });
  } finally {
    await client.end();
    await rm(folder, { recursive: true });
  }
}

test.each(['\u3164', 'Ada\u00A0', 'Zoe\u0308'])(
  'a row with a name older than the rules can be edited: %j',
  async (name) => {
    await migrateBefore('_names_and_hasura_edits');
    await insertRows(name);
    await applyMigrations(database.url);
    await sql`update portcullis.users set email_verified_at = now()`;
    await sql`update portcullis.teams set created_at = now()`;
    await sql`update portcullis.projects set created_at = now()`;
    for (const [table] of TABLES) {
      await setName(table, name);
      expect([...(await sql`select name from ${sql('portcullis')}.${sql(table)}`)]).toEqual([{ name }]);
      await expect(setName(table, `${name} `)).rejects.toMatchObject(refusal(table));
      await setName(table, 'Ada');
    }
  },
);
