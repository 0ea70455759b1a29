import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { runImport, shortly, writeExport } from './exports.ts';

let gateway: TestGateway;
let folder: string;
const id = (n: number) => `7a0e7a52-1f5c-4c57-9d6e-00000000000${n}`;
const CREATED = '2022-05-06T07:08:09.123456+00:00';

beforeAll(async () => {
  gateway = await startGateway();
  folder = await writeExport([
    {
      name: 'supabase.jsonl',
      lines: [
        {
          ...{ id: id(1), email: 'phone@example.com', email_confirmed_at: null, created_at: CREATED },
          ...{ phone: '15555550100', phone_confirmed_at: CREATED, confirmed_at: CREATED },
        },
        {
          ...{ id: id(2), email: 'banned@example.com', created_at: CREATED },
          email_confirmed_at: '9000-01-01T00:00:00+00:00',
          banned_until: '9999-12-31T23:59:59+00:00',
        },
      ],
    },
    {
      name: 'hasura-auth.jsonl',
      lines: [
        { id: id(3), email: 'begun@example.com', totp_secret: 'JBSWY3DPEHPK3PXP', active_mfa_type: null },
        { id: id(4), email: 'active@example.com', totp_secret: null, active_mfa_type: 'sms' },
      ],
    },
    {
      name: 'profiles.ndjson',
      lines: [{ user_id: "auth0|'1", email: "'twas@example.com", name: "'Twas", email_verified: true }],
    },
    {
      name: 'profiles.csv',
      text: `"'user_id","'email","'name"\n"'auth0|2","''tis@example.com","''Tis, ""it"""\n`,
    },
    {
      name: 'firebase.json',
      text: JSON.stringify([
        {
          ...{ localId: 'one', email: 'linked@example.com', createdAt: '1600000000000' },
          providerUserInfo: [{ providerId: 'google.com', rawId: '4711' }],
        },
      ]),
    },
    {
      name: 'hashes.ndjson',
      lines: [{ _id: { $oid: 'x'.repeat(10_000) }, passwordHash: `$2b$10$${'a'.repeat(53)}` }],
    },
  ]);
});
afterAll(() => gateway.close());

const run = (name: string, from: string, ...args: string[]) =>
  runImport(gateway, [join(folder, name), '--from', from, ...args]);

test('a confirmed phone number of Supabase verifies no address, and a ban may last until the year 9999', async () => {
  expect(shortly(await run('supabase.jsonl', 'supabase'))).toEqual([]);
  expect(
    await gateway.sql`
      select email, coalesce(email_verified_at <= now(), false) as verified, disabled_at is not null as disabled
      from portcullis.users where id in (${id(1)}, ${id(2)}) order by id`,
  ).toEqual([
    { email: 'phone@example.com', verified: false, disabled: false },
    { email: 'banned@example.com', verified: true, disabled: true },
  ]);
});

test('a second factor of hasura-auth counts once it is active', async () => {
  expect(shortly(await run('hasura-auth.jsonl', 'hasura-auth'))).toEqual([
    'refused hasura-auth.jsonl 2 mfa_lost',
  ]);
});

test("an apostrophe belongs to a text of Auth0's JSON, and not to one of its CSV", async () => {
  const [json, csv] = [await run('profiles.ndjson', 'auth0'), await run('profiles.csv', 'auth0')];
  expect([...Object.keys(json.ids), ...Object.keys(csv.ids)]).toEqual(["auth0|'1", 'auth0|2']);
  expect(
    await gateway.sql`select email, name from portcullis.users where email like '''%' order by email desc`,
  ).toEqual([
    { email: "'twas@example.com", name: "'Twas" },
    { email: "'tis@example.com", name: '\'Tis, "it"' },
  ]);
});

test('a hash of Auth0 whose id is too long is refused as bad_id, and the import goes on', async () => {
  const hashes = join(folder, 'hashes.ndjson');
  const result = await run('profiles.ndjson', 'auth0', '--with', `hashes=${hashes}`);
  expect(shortly(result)).toEqual(['refused hashes.ndjson 1 bad_id']);
  expect(result.summary).toMatchObject({ unchanged: 1 });
});

test('the report counts a person with a link as one row', async () => {
  const runs = [await run('firebase.json', 'firebase'), await run('firebase.json', 'firebase')];
  expect(runs.map(({ summary }) => summary)).toMatchObject([
    { rows: 1, imported: 1, unchanged: 0, identities: 1 },
    { rows: 1, imported: 0, unchanged: 1, identities: 0 },
  ]);
});
