import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import type { TestDatabase } from '../support/database.ts';
import { createFormerDatabase } from './former-database.ts';

// The people of a gateway of version 0.1, with two migrations, before its upgrade.
const IDS = {
  verified: '018f0000-0000-7000-8000-000000000001',
  unverified: '018f0000-0000-7000-8000-000000000002',
};

let database: TestDatabase;
let sql: postgres.Sql;
beforeAll(async () => {
  database = await createFormerDatabase(2);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  await sql`insert into portcullis.users (id, email, name, email_verified_at) values
    (${IDS.verified}, 'ada@example.com', 'Ada', '2026-01-02'), (${IDS.unverified}, 'bob@example.com', 'Bob', null)`;
  for (const id of Object.values(IDS)) {
    await sql`insert into portcullis_private.passwords (user_id, hash, updated_at) values (${id}, 'hash', '2026-01-01')`;
    await sql`insert into portcullis.sessions (id, user_id, created_at, expires_at)
      values (gen_random_uuid(), ${id}, '2026-01-01', now() + interval '1 day')`;
  }
  await applyMigrations(database.url);
});
afterAll(async () => {
  await sql.end();
  await database.drop();
});

test.each([
  ['verified people as proven', IDS.verified, true],
  ['unverified people as not proven', IDS.unverified, false],
])('an upgrade marks passwords and sessions of %s', async (_what, id, proven) => {
  const [row] = await sql`
    select p.proven_at is not null as password, p.suspended_at is null as good, s.proven_at is not null as session,
      s.opened_by from portcullis_private.passwords p join portcullis.sessions s using (user_id) where user_id = ${id}`;
  expect(row).toEqual({ password: proven, good: true, session: proven, opened_by: 'password' });
});

test('an upgrade keeps updated_at of passwords, so that queued reset mails stay valid', async () => {
  const rows = await sql`select from portcullis_private.passwords where updated_at <> '2026-01-01'`;
  expect(rows).toHaveLength(0);
  await sql`update portcullis_private.passwords set hash = 'another'`;
  expect(await sql`select from portcullis_private.passwords where updated_at <> '2026-01-01'`).toHaveLength(
    2,
  );
});

test('a password cannot be proven and suspended at once', async () => {
  await expect(
    sql`update portcullis_private.passwords set proven_at = now(), suspended_at = now()`,
  ).rejects.toThrow('passwords_proven_or_suspended');
});
