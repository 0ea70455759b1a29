import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { join } from 'node:path';
import { hash as bcrypt } from 'bcrypt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LOGIN, logIn, startGateway, type TestGateway } from '../support/gateway.ts';
import { type ImportRun, runImport, shortly, writeExport } from './exports.ts';

const PASSWORD = 'Grüße, ① welt';
const oid = (n: number) => `00000000000000000000000${n}`;

/** A line of the export of profiles. */
const profile = (n: number, fields: object) => ({
  ...{
    user_id: `auth0|${oid(n)}`,
    email: `person${n}@example.com`,
    email_verified: true,
    name: `person${n}@example.com`,
  },
  ...{ nickname: `person${n}`, picture: 'https://example.com/a.png', created_at: '2022-05-06T07:08:09.123Z' },
  ...{
    identities: [
      { user_id: oid(n), provider: 'auth0', connection: 'Username-Password-Authentication', isSocial: false },
    ],
  },
  ...{ logins_count: 3, user_metadata: { roles: ['editor'] } },
  ...fields,
});
const hashRow = (n: number, passwordHash: string, fields: object = {}) => ({
  ...{
    _id: { $oid: oid(n) },
    email_verified: true,
    passwordHash,
    tenant: 'example',
    connection: 'c',
    _tmp_is_unique: true,
  },
  ...fields,
});
const custom = (name: string, custom_password_hash: object) => ({
  email: `${name}@example.com`,
  custom_password_hash,
});

let gateway: TestGateway;
let runs: ImportRun[];

beforeAll(async () => {
  gateway = await startGateway({ env: { HASURA_ROLES: 'editor' } });
  const hash = await bcrypt(PASSWORD, 10);
  const salt = Buffer.from('abc123');
  const scryptKey = scryptSync(PASSWORD, salt, 32, { N: 4096, r: 8, p: 1 });
  const pbkdf2Key = pbkdf2Sync(PASSWORD, salt, 100_000, 64, 'sha512');
  const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
  const bulk = [
    custom('bcrypt2y', { algorithm: 'bcrypt', hash: { value: hash.replace('$2b$', '$2y$') } }),
    custom('salted', {
      algorithm: 'bcrypt',
      hash: { value: await bcrypt(`pepper${PASSWORD}`, 6) },
      salt: { value: 'pepper' },
    }),
    custom('suffixed', {
      algorithm: 'bcrypt',
      hash: { value: await bcrypt(`${PASSWORD}pepper`, 6) },
      salt: { value: '706570706572', encoding: 'hex', position: 'suffix' },
    }),
    custom('pbkdf2', {
      algorithm: 'pbkdf2',
      hash: { value: `$pbkdf2-sha512$${unpadded(salt)}$${unpadded(pbkdf2Key)}` },
    }),
    custom('scrypt', {
      algorithm: 'scrypt',
      hash: { value: scryptKey.toString('hex').toUpperCase(), encoding: 'hex' },
      salt: { value: 'abc123' },
      keylen: 32,
      cost: 4096,
    }),
    custom('costly', {
      algorithm: 'scrypt',
      hash: { value: scryptKey.toString('hex'), encoding: 'hex' },
      salt: { value: 'x' },
      keylen: 32,
      cost: 4_194_304,
    }),
    custom('odd', {
      algorithm: 'scrypt',
      hash: { value: scryptKey.toString('hex'), encoding: 'hex' },
      salt: { value: 'x' },
      keylen: 32,
      cost: 5000,
    }),
    custom('md5', { algorithm: 'md5', hash: { value: '764e255b364b98ba70dd0950d6e80d40', encoding: 'hex' } }),
    custom('utf16', { algorithm: 'scrypt', hash: { value: 'AAAA' }, password: { encoding: 'utf16le' } }),
    { ...custom('both', { algorithm: 'bcrypt', hash: { value: hash } }), password_hash: hash },
    { email: 'factors@example.com', password_hash: hash, mfa_factors: [{ totp: { secret: 'S' } }] },
    { username: 'noaddress' },
  ];
  const folder = await writeExport([
    {
      name: 'profiles.ndjson',
      lines: [
        profile(1, { app_metadata: { roles: ['editor', 'admin'] } }),
        profile(2, { blocked: true }),
        profile(3, { user_id: 'auth0|custom-3' }),
        profile(4, {
          user_id: 'google-oauth2|4711',
          identities: [{ user_id: '4711', provider: 'google-oauth2', isSocial: true }],
        }),
        { ...profile(5, {}), email: undefined, phone_number: '+15555550100' },
        profile(6, { email: 'person1@example.com' }),
        profile(7, {}),
        '{"user_id":"auth0|cut","email":"cut@example.com"',
      ],
    },
    {
      name: 'hashes.ndjson',
      lines: [
        hashRow(1, hash),
        hashRow(2, hash),
        hashRow(9, hash, { alt_id: 'custom-3' }),
        hashRow(8, hash),
        hashRow(7, '$2b$10$broken'),
      ],
    },
    { name: 'import.json', text: JSON.stringify(bulk) },
    {
      name: 'export.csv',
      text: `"user_id","email","email_verified","created_at"\n"'auth0|0c","'csv1@example.com",true,"2024-02-03T04:05:06.789Z"\n`,
    },
    { name: 'cut.json', text: `[${JSON.stringify(bulk[0])},{"email":"cut@exa` },
  ]);
  const file = (name: string) => join(folder, name);
  runs = [
    await runImport(gateway, [
      file('profiles.ndjson'),
      '--from',
      'auth0',
      '--with',
      `hashes=${file('hashes.ndjson')}`,
    ]),
    await runImport(gateway, [file('import.json'), '--from', 'auth0']),
    await runImport(gateway, [file('export.csv'), '--from', 'auth0']),
    await runImport(gateway, [file('cut.json'), '--from', 'auth0']),
  ];
});
afterAll(() => gateway.close());

test('an import from Auth0 reports what it refused and left out', () => {
  expect(runs.flatMap(shortly).sort()).toEqual(
    [
      'reported profiles.ndjson 1 role_not_allowed',
      'refused profiles.ndjson 5 no_email',
      'refused profiles.ndjson 6 duplicate_email',
      'refused profiles.ndjson 7 bad_hash',
      'refused profiles.ndjson 8 bad_json',
      'refused hashes.ndjson 4 unknown_user',
      'refused import.json 5 hash_too_costly',
      'refused import.json 6 bad_hash',
      'reported import.json 7 hash_unsupported',
      'reported import.json 8 hash_unsupported',
      'refused import.json 9 bad_row',
      'refused import.json 10 mfa_lost',
      'refused import.json 11 no_email',
      'refused cut.json 1 bad_json',
    ].sort(),
  );
  expect(runs.map(({ code }) => code)).toEqual([3, 3, 0, 3]);
});

test('people sign in with hashes of every form', async () => {
  for (const name of ['person1', 'person3', 'bcrypt2y', 'salted', 'suffixed', 'pbkdf2', 'scrypt'])
    await logIn(gateway, { email: `${name}@example.com`, password: PASSWORD });
  const codeOf = async (name: string) =>
    gateway.failure(LOGIN, { input: { email: `${name}@example.com`, password: PASSWORD } });
  expect(await codeOf('person2')).toMatchObject([{ extensions: { code: 'account_disabled' } }]);
  for (const name of ['person4', 'md5', 'utf16', 'csv1'])
    expect(await codeOf(name)).toMatchObject([{ extensions: { code: 'invalid_credentials' } }]);
});

test('roles come from the metadata of the operator alone, and links from identities', async () => {
  const roles = await gateway.sql`
    select u.email, r.role from portcullis.user_roles r join portcullis.users u on u.id = r.user_id`;
  expect(roles).toEqual([{ email: 'person1@example.com', role: 'editor' }]);
  expect(await gateway.sql`select provider, subject from portcullis.identities`).toEqual([
    { provider: 'google', subject: '4711' },
  ]);
});
