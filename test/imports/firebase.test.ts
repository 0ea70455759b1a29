import { createCipheriv, randomBytes, scryptSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logIn, startGateway, type TestGateway } from '../support/gateway.ts';
import { type ImportRun, runImport, shortly, writeExport } from './exports.ts';

const PASSWORD = 'Grüße, ① welt';
const SIGNER_KEY = randomBytes(64);

/** What Firebase stores for a password. */
function hashed(password: string) {
  const salt = randomBytes(10);
  const key = scryptSync(password, Buffer.concat([salt, Buffer.from('Bw==', 'base64')]), 32, {
    N: 2 ** 14,
    r: 8,
    p: 1,
  });
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return {
    hash: Buffer.concat([cipher.update(SIGNER_KEY), cipher.final()]).toString('base64'),
    salt: salt.toString('base64'),
  };
}
const urlSafe = (base64: string) => base64.replaceAll('+', '-').replaceAll('/', '_');

/** A user of `firebase auth:export --format=json`. */
const user = (n: number, fields: object) => ({
  ...{
    localId: `FirebasePerson${n}`,
    email: `person${n}@example.com`,
    emailVerified: true,
    displayName: `Person ${n}`,
  },
  ...{ lastSignedInAt: '1600777601107', createdAt: '1600000000000', disabled: false, providerUserInfo: [] },
  ...fields,
});

/** A row of `firebase auth:export --format=csv`: 52 columns and a comma. */
const csvRow = (cells: Record<number, string>): string =>
  `${Array.from({ length: 52 }, (_, at) => cells[at] ?? '').join(',')},`;
const csvUser = (n: number, cells: Record<number, string> = {}): string => {
  const { hash, salt } = hashed(PASSWORD);
  return csvRow({
    0: `FirebaseCsv${n}`,
    1: `csv${n}@example.com`,
    2: 'true',
    3: hash,
    4: salt,
    23: '1600000000000',
    26: 'false',
    ...cells,
  });
};

let gateway: TestGateway;
let folder: string;
const runs: ImportRun[] = [];
const file = (name: string) => join(folder, name);
const CONSOLE = `hash_config {
  algorithm: SCRYPT,
  base64_signer_key: ${SIGNER_KEY.toString('base64')},
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}
`;

beforeAll(async () => {
  gateway = await startGateway({ env: { HASURA_ROLES: 'editor' } });
  const [first, second, third] = [hashed(PASSWORD), hashed(PASSWORD), hashed(PASSWORD)];
  const users = [
    user(0, {
      passwordHash: first.hash,
      salt: first.salt,
      customAttributes: '{"role":"editor","note":"a \\"quoted\\" word"}',
    }),
    user(1, { passwordHash: urlSafe(second.hash), salt: urlSafe(second.salt), disabled: true }),
    user(2, {
      providerUserInfo: [{ providerId: 'google.com', rawId: '4711', email: 'person2@example.com' }],
    }),
    { ...user(3, {}), email: undefined, phoneNumber: '+15555550100' },
    { ...user(4, {}), email: undefined },
    user(5, { passwordHash: 'c2hvcnQ=', salt: first.salt }),
    user(6, {
      mfaInfo: [{ mfaEnrollmentId: 'x', phoneInfo: '+15555550100' }],
      passwordHash: first.hash,
      salt: first.salt,
    }),
    user(7, { createdAt: 'yesterday' }),
    user(8, { email: 'PERSON0@example.com' }),
  ];
  const csv = [
    csvUser(0, { 5: '"Doe, ""J"""', 27: '"{""role"":""editor""}"' }),
    csvUser(1, { 27: '"{""note"":""a \\"quoted\\" word""}"' }),
    csvUser(2, { 27: '"{""note"":""one \\" quote""}"' }),
    csvUser(3, { 5: '"two\nlines"' }),
    csvUser(4, { 3: '', 4: '', 19: '77', 20: 'csv4@example.com' }),
    `${csvRow({ 0: 'short', 1: 'short@example.com' })},,,`,
    csvUser(5),
  ];
  const sdk = [
    {
      ...{ uid: 'AdminPerson0', email: 'sdk0@example.com', emailVerified: true, disabled: false },
      ...{
        metadata: { creationTime: 'Thu, 17 Sep 2020 12:26:40 GMT', lastSignInTime: null },
        customClaims: { roles: ['editor'] },
      },
      ...{ passwordHash: urlSafe(third.hash), passwordSalt: urlSafe(third.salt) },
      providerData: [
        { uid: 'sdk0@example.com', providerId: 'password' },
        { uid: 'x-77', providerId: 'oidc.acme' },
      ],
    },
  ];
  folder = await writeExport([
    {
      name: 'users.json',
      text: `{\n  "users": [\n${users.map((one) => JSON.stringify(one, null, 2)).join(',\n')}\n]}\n`,
    },
    { name: 'users.csv', text: `${csv.join('\n')}\n` },
    { name: 'listUsers.json', text: JSON.stringify(sdk) },
    { name: 'hash-config.txt', text: CONSOLE },
  ]);
  for (const name of ['users.json', 'users.csv', 'listUsers.json'])
    runs.push(
      await runImport(gateway, [file(name), '--from', 'firebase', '--config', file('hash-config.txt')]),
    );
});
afterAll(() => gateway.close());

test('an import from Firebase reports what it refused, skipped and left out', () => {
  expect(runs.flatMap(shortly).sort()).toEqual(
    [
      'refused users.json 3 no_email',
      'skipped users.json 4 anonymous',
      'refused users.json 5 bad_hash',
      'refused users.json 6 mfa_lost',
      'refused users.json 7 bad_time',
      'refused users.json 8 duplicate_email',
      'refused users.csv 1 bad_row',
      'refused users.csv 2 bad_row',
      'reported users.csv 3 name_dropped',
      'refused users.csv 5 bad_row',
      'reported listUsers.json 0 unknown_provider',
    ].sort(),
  );
  expect(runs.map(({ summary }) => summary?.imported)).toEqual([3, 4, 1]);
});

test('people of each form of the export sign in', async () => {
  for (const name of ['person0', 'csv0', 'csv3', 'csv5', 'sdk0'])
    expect((await logIn(gateway, { email: `${name}@example.com`, password: PASSWORD })).user.email).toContain(
      name,
    );
});

test('names, dates, roles and links come along; a person’s new id is printed and stays the same', async () => {
  const people = await gateway.sql`select id, email, name, created_at from portcullis.users`;
  const byEmail = new Map(people.map((person) => [person.email, person]));
  expect(byEmail.get('csv0@example.com')).toMatchObject({
    name: 'Doe, "J"',
    created_at: new Date(1_600_000_000_000),
  });
  expect(byEmail.get('sdk0@example.com')?.created_at).toEqual(new Date('2020-09-17T12:26:40Z'));
  expect(runs[0]?.ids.FirebasePerson0).toBe(byEmail.get('person0@example.com')?.id);
  const roles = await gateway.sql`
    select u.email from portcullis.user_roles r join portcullis.users u on u.id = r.user_id where role = 'editor' order by 1`;
  expect(roles.map(({ email }) => email)).toEqual([
    'csv0@example.com',
    'person0@example.com',
    'sdk0@example.com',
  ]);
  expect(await gateway.sql`select provider, subject from portcullis.identities order by provider`).toEqual([
    { provider: 'github', subject: '77' },
    { provider: 'google', subject: '4711' },
    { provider: 'oidc.acme', subject: 'x-77' },
  ]);
});

test('the signer key is stored once, and in no hash', async () => {
  const keys = await gateway.sql`select jwe from portcullis_private.password_signer_keys`;
  expect(keys).toHaveLength(1);
  const [stored] =
    await gateway.sql`select string_agg(hash, ' ') as hashes from portcullis_private.passwords`;
  expect(stored?.hashes).not.toContain(SIGNER_KEY.toString('base64').slice(0, 16));
});

test.each([
  ['mem_cost: 14', 'mem_cost: 20', 'hash_too_costly'],
  ['rounds: 8', 'rounds: 0', 'rounds'],
  ['algorithm: SCRYPT', 'algorithm: BCRYPT', 'algorithm'],
  [`base64_signer_key: ${SIGNER_KEY.toString('base64')}`, 'base64_signer_key: AAAA', 'signerKey'],
])('a hash configuration with %s as %s is refused by name', async (from, to, named) => {
  const text = (await readFile(file('hash-config.txt'), 'utf8')).replace(from, to);
  await writeFile(file('bad-config.txt'), text);
  const { code, stderr } = await runImport(gateway, [
    file('users.json'),
    '--from',
    'firebase',
    '--config',
    file('bad-config.txt'),
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain(named);
  expect(stderr).not.toContain(SIGNER_KEY.toString('base64'));
});
