import { createHash, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { hash as bcrypt } from 'bcrypt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bearer, LOGIN, logIn, ME, startGateway, type TestGateway } from '../support/gateway.ts';
import { type ImportRun, refresh, runImport, shortly, writeExport } from './exports.ts';

const PASSWORD = 'ﬁrst pass ①';
const id = (n: number) => `0b0e7a52-1f5c-4c57-9d6e-00000000000${n}`;

/** A row of `select row_to_json(u) from auth.users u`. */
const user = (n: number, fields: object) => ({
  ...{
    id: id(n),
    created_at: '2022-05-06T07:08:09.123456+00:00',
    updated_at: '2023-05-06T07:08:09.123456+00:00',
  },
  ...{ last_seen: null, disabled: false, display_name: `Person ${n}`, avatar_url: '', locale: 'en' },
  ...{ email: `person${n}@example.com`, phone_number: null, password_hash: null, email_verified: true },
  ...{
    phone_number_verified: false,
    new_email: null,
    otp_hash: null,
    default_role: 'user',
    is_anonymous: false,
  },
  ...{
    totp_secret: null,
    active_mfa_type: null,
    ticket: null,
    metadata: null,
    webauthn_current_challenge: null,
  },
  ...fields,
});

const tokens = new Map([1, 2, 3].map((n) => [n, randomUUID()]));
const tokenOf = (n: number): string => tokens.get(n) ?? '';
const hashText = (token: string) => `\\x${createHash('sha256').update(token).digest('hex')}`;
const token = (n: number, fields: object = {}) => ({
  ...{ id: randomUUID(), created_at: '2025-05-06T07:08:09.123456+00:00', user_id: id(n), metadata: null },
  ...{ expires_at: '2999-01-01T00:00:00+00:00', type: 'regular', refresh_token_hash: hashText(tokenOf(n)) },
  ...fields,
});

let gateway: TestGateway;
let folder: string;
let run: ImportRun;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  gateway = await startGateway({ env: { HASURA_ROLES: 'editor,me' } });
  const password_hash = (await bcrypt(PASSWORD, 6)).replace('$2b$', '$2a$');
  folder = await writeExport([
    {
      name: 'users.jsonl',
      lines: [
        user(1, { email: 'Person1@Example.com', password_hash }),
        user(2, { disabled: true, password_hash }),
        user(3, { display_name: '', email_verified: false }),
        user(4, { email: null, is_anonymous: true, default_role: 'anonymous' }),
        user(5, { email: null, phone_number: '+15555550100' }),
        user(6, { active_mfa_type: 'totp', totp_secret: 'JBSWY3DPEHPK3PXP', password_hash }),
        user(7, { email: 'PERSON1@EXAMPLE.COM' }),
        user(1, { email: 'other@example.com' }),
        user(8, { created_at: '2022-02-31T07:08:09+00:00' }),
        user(9, { email: 'no address' }),
        { ...user(9, {}), id: 'not-a-uuid' },
        user(9, { email: 'nul@example.com', password_hash: '$2a$10$\u0000' }),
      ],
    },
    {
      name: 'user_roles.csv',
      text: `id,created_at,user_id,role
a,2022-05-06 07:08:09+00,${id(1)},user
b,2022-05-06 07:08:09+00,${id(1)},editor
c,2022-05-06 07:08:09+00,${id(1)},admin
d,2022-05-06 07:08:09+00,${id(1)},publisher
e,2022-05-06 07:08:09+00,${id(9)},me
`,
    },
    {
      name: 'user_providers.jsonl',
      lines: [
        {
          user_id: id(3),
          access_token: 'unset',
          provider_id: 'github',
          provider_user_id: '4711',
          created_at: '2022-05-06T07:08:09+00:00',
        },
        {
          user_id: id(1),
          access_token: 'unset',
          provider_id: 'github',
          provider_user_id: '4711',
          created_at: '2022-05-06T07:08:09+00:00',
        },
      ],
    },
    {
      name: 'refresh_tokens.jsonl',
      lines: [
        token(1),
        token(2),
        token(3, { refresh_token_hash: `\\${hashText(tokenOf(3))}` }),
        token(1, { type: 'pat', refresh_token_hash: hashText('pat') }),
        token(1, { expires_at: '2020-01-01T00:00:00+00:00', refresh_token_hash: hashText('old') }),
        token(1, { refresh_token_hash: '\\xabcd' }),
      ],
    },
  ]);
  run = await runImport(gateway, [
    ...[file('users.jsonl'), '--from', 'hasura-auth', '--with', `user_roles=${file('user_roles.csv')}`],
    ...['--with', `user_providers=${file('user_providers.jsonl')}`],
    ...['--with', `refresh_tokens=${file('refresh_tokens.jsonl')}`],
  ]);
});
afterAll(() => gateway.close());

describe('an import from hasura-auth', () => {
  test('reports each row that was refused or skipped, with its number and reason', () => {
    expect(shortly(run).sort()).toEqual(
      [
        'skipped users.jsonl 4 anonymous',
        'refused users.jsonl 5 no_email',
        'refused users.jsonl 6 mfa_lost',
        'refused users.jsonl 7 duplicate_email',
        'refused users.jsonl 8 duplicate_id',
        'refused users.jsonl 9 bad_time',
        'refused users.jsonl 10 bad_email',
        'refused users.jsonl 11 bad_id',
        'refused users.jsonl 12 bad_row',
        'refused user_roles.csv 3 role_not_allowed',
        'refused user_roles.csv 4 role_not_declared',
        'refused user_roles.csv 5 unknown_user',
        'refused user_providers.jsonl 2 duplicate_identity',
        'skipped refresh_tokens.jsonl 2 disabled',
        'skipped refresh_tokens.jsonl 4 personal_access_token',
        'skipped refresh_tokens.jsonl 5 expired',
        'refused refresh_tokens.jsonl 6 bad_hash',
      ].sort(),
    );
    expect(run.code).toBe(3);
    expect(run.summary).toMatchObject({ rows: 25, imported: 3, roles: 1, identities: 1, sessions: 2 });
  });

  test('keeps ids, dates and names, and proves what the other system had verified', async () => {
    const people = await gateway.sql`
      select u.*, p.proven_at from portcullis.users u left join portcullis_private.passwords p on p.user_id = u.id order by u.email`;
    const createdAt = new Date('2022-05-06T07:08:09.123Z');
    expect(people).toMatchObject([
      {
        id: id(1),
        email: 'person1@example.com',
        name: 'Person 1',
        created_at: createdAt,
        email_verified_at: createdAt,
        proven_at: createdAt,
        disabled_at: null,
      },
      { id: id(2), email: 'person2@example.com', disabled_at: expect.any(Date) },
      { id: id(3), email: 'person3@example.com', name: null, email_verified_at: null, proven_at: null },
    ]);
  });

  test('lets people in with the password as they type it', async () => {
    const { user: signedIn } = await logIn(gateway, { email: 'person1@example.com', password: PASSWORD });
    expect(signedIn.id).toBe(id(1));
    const input = { email: 'person2@example.com', password: PASSWORD };
    expect(await gateway.failure(LOGIN, { input })).toMatchObject([
      { extensions: { code: 'account_disabled' } },
    ]);
  });

  test('keeps people signed in, and lets no one else in', async () => {
    const { accessToken, refreshToken } = (await refresh(gateway, tokenOf(1))) ?? {};
    expect(refreshToken).toMatch(/^prt_/);
    expect(await gateway.graphql(ME, {}, bearer(accessToken ?? ''))).toMatchObject({ me: { id: id(1) } });
    expect(await refresh(gateway, tokenOf(1))).toMatchObject({ refreshToken });
    expect(await refresh(gateway, tokenOf(3))).not.toBeNull();
    for (const dead of [tokenOf(2), 'pat', 'old']) expect(await refresh(gateway, dead)).toBeNull();
  });

  test('gives declared roles only, and links accounts', async () => {
    expect(await gateway.sql`select user_id, role from portcullis.user_roles`).toEqual([
      { user_id: id(1), role: 'editor' },
    ]);
    expect(await gateway.sql`select user_id, provider, subject from portcullis.identities`).toEqual([
      { user_id: id(3), provider: 'github', subject: '4711' },
    ]);
  });

  test('records events with counts, and no address or token', async () => {
    const events = await gateway.sql`
      select details from portcullis.security_events where action = 'users_imported' order by created_at`;
    expect(events.map(({ details }) => details)).toEqual([
      { source: 'hasura-auth', users: 3 },
      { source: 'hasura-auth', roles: 1 },
      { source: 'hasura-auth', identities: 1 },
      { source: 'hasura-auth', sessions: 2 },
    ]);
  });
});

test('with --drop-mfa a person with a second factor is imported without it, and reported', async () => {
  const again = await runImport(gateway, [file('users.jsonl'), '--from', 'hasura-auth', '--drop-mfa']);
  expect(again.rows).toContainEqual({
    outcome: 'reported',
    input: 'users.jsonl',
    record: 6,
    why: 'mfa_lost',
  });
  await logIn(gateway, { email: 'person6@example.com', password: PASSWORD });
  expect(again.summary).toMatchObject({ imported: 1, unchanged: 3 });
});
