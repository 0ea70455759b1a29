import { join } from 'node:path';
import { hash as argon2, argon2i } from 'argon2';
import { hash as bcrypt } from 'bcrypt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { logIn, startGateway, type TestGateway } from '../support/gateway.ts';
import { type ImportRun, refresh, runImport, shortly, writeExport } from './exports.ts';

const PASSWORD = 'Grüße, welt';
const id = (n: number) => `3d0e7a52-1f5c-4c57-9d6e-00000000000${n}`;

/** Sessions with tokens of version 2 that GoTrue's own code accepts. */
const VERSION_2 = [
  [
    '5ee29745-279e-4fd5-b075-852412c0e65a',
    'QRKriOz6RH8wpwSMFfDUy5mYEXoYZ5Jpyj43k-Ep2_g',
    0,
    'AF7il0Unnk_VsHWFJBLA5loAmZLOpgj6jpbpuECcM5vpEH8phbM',
  ],
  [
    'e891a10e-69ad-4102-9b2f-8a736f379d07',
    'dh5Efbb8Kd7MSVUo-tCl_MyHkL9N98IfX43GPctUUv4',
    300,
    'AOiRoQ5prUECmy-Kc283nQesAsQEizP042Aokw2MWp3-AC8ujpGd',
  ],
] as const;

/** A row of `select row_to_json(u) from auth.users u`. */
const user = (n: number, fields: object) => ({
  ...{
    instance_id: '00000000-0000-0000-0000-000000000000',
    id: id(n),
    aud: 'authenticated',
    role: 'authenticated',
  },
  ...{
    email: `person${n}@example.com`,
    encrypted_password: '',
    email_confirmed_at: '2022-05-06T07:08:09.123456+00:00',
  },
  ...{
    invited_at: null,
    last_sign_in_at: null,
    raw_app_meta_data: { provider: 'email', providers: ['email'] },
  },
  ...{
    raw_user_meta_data: { full_name: `Person ${n}`, role: 'editor', roles: ['editor'] },
    is_super_admin: null,
  },
  ...{ created_at: '2022-05-06T07:08:09.123456+00:00', phone: null, banned_until: null, is_sso_user: false },
  ...{ deleted_at: null, is_anonymous: false },
  ...fields,
});

const session = (sessionId: string, n: number, fields: object = {}) => ({
  ...{
    id: sessionId,
    user_id: id(n),
    created_at: '2025-05-06T07:08:09.123456+00:00',
    factor_id: null,
    aal: 'aal1',
  },
  ...{
    not_after: null,
    refreshed_at: '2026-01-01T08:00:00',
    user_agent: 'Mozilla/5.0',
    ip: '192.0.2.7',
    tag: null,
  },
  ...fields,
});
const token = (number: number, text: string, sessionId: string, fields: object = {}) => ({
  ...{ id: number, token: text, user_id: id(1), revoked: false, parent: '', session_id: sessionId },
  ...fields,
});
const SESSION = 'c0de7a52-1f5c-4c57-9d6e-000000000001';
const OVER = 'c0de7a52-1f5c-4c57-9d6e-000000000002';

let gateway: TestGateway;
let folder: string;
let run: ImportRun;
const file = (name: string) => join(folder, name);
const FBSCRYPT =
  '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==';

beforeAll(async () => {
  gateway = await startGateway({ env: { HASURA_ROLES: 'editor,reviewer' } });
  folder = await writeExport([
    {
      name: 'users.jsonl',
      lines: [
        user(1, {
          encrypted_password: await bcrypt(PASSWORD, 6),
          raw_app_meta_data: { roles: ['reviewer', 'service_role'] },
        }),
        user(2, {
          encrypted_password: await argon2(PASSWORD, { type: argon2i }),
          banned_until: '2999-01-01T00:00:00+00:00',
        }),
        user(3, { encrypted_password: FBSCRYPT, banned_until: '2020-01-01T00:00:00+00:00' }),
        user(4, { encrypted_password: '{"key_id":"k","alg":"aes-gcm-hkdf","data":"AAAA","nonce":"AAAA"}' }),
        user(5, { deleted_at: '2023-05-06T07:08:09+00:00', email: 'f00' }),
        user(6, { email: 'person1@example.com', is_sso_user: true }),
        user(7, { encrypted_password: await bcrypt(PASSWORD, 6) }),
        user(8, {
          encrypted_password:
            '$argon2id$v=19$m=4194304,t=4,p=1$wafukFQ0gJdsfHFLrVzaaA$0g0e6QC6P1COOwwoANtanYgt54rwbBeYf5pFQgCaSMA',
        }),
      ],
    },
    {
      name: 'mfa_factors.jsonl',
      lines: [
        { id: SESSION, user_id: id(7), factor_type: 'totp', status: 'verified', secret: 'S' },
        { id: OVER, user_id: id(1), factor_type: 'totp', status: 'unverified', secret: 'S' },
      ],
    },
    {
      name: 'identities.jsonl',
      lines: [
        { provider_id: id(1), user_id: id(1), identity_data: { sub: id(1) }, provider: 'email', id: SESSION },
        {
          provider_id: '1234',
          user_id: id(3),
          identity_data: { sub: '1234', email: 'g@example.com' },
          provider: 'google',
          email: 'g@example.com',
          created_at: '2022-05-06T07:08:09+00:00',
          id: OVER,
        },
        { user_id: id(3), identity_data: { sub: '77' }, provider: 'acme', id: '77' },
      ],
    },
    {
      name: 'sessions.jsonl',
      lines: [
        session(SESSION, 1),
        session(OVER, 1, { not_after: '2025-06-01T00:00:00+00:00' }),
        ...VERSION_2.map(([sessionId, key, counter]) =>
          session(sessionId, 3, { refresh_token_hmac_key: key, refresh_token_counter: counter }),
        ),
        session('c0de7a52-1f5c-4c57-9d6e-000000000003', 3, {
          refresh_token_hmac_key: '{"key_id":"k","data":"A"}',
          refresh_token_counter: 1,
        }),
      ],
    },
    {
      name: 'refresh_tokens.jsonl',
      lines: [
        token(10, 'olderrrrrrrr', SESSION, { revoked: true }),
        token(12, 'newesttttttt', SESSION),
        token(11, 'middleeeeeee', SESSION),
        token(13, 'overrrrrrrrr', OVER),
        token(14, 'losttttttttt', 'c0de7a52-1f5c-4c57-9d6e-000000000009'),
      ],
    },
  ]);
  run = await runImport(gateway, [
    ...[file('users.jsonl'), '--from', 'supabase', '--with', `mfa_factors=${file('mfa_factors.jsonl')}`],
    ...['--with', `identities=${file('identities.jsonl')}`, '--with', `sessions=${file('sessions.jsonl')}`],
    ...['--with', `refresh_tokens=${file('refresh_tokens.jsonl')}`],
  ]);
});
afterAll(() => gateway.close());

test('an import from Supabase reports what it refused, skipped and left out', () => {
  expect(shortly(run).sort()).toEqual(
    [
      'refused users.jsonl 4 hash_encrypted',
      'skipped users.jsonl 5 deleted',
      'refused users.jsonl 6 duplicate_email',
      'refused users.jsonl 7 mfa_lost',
      'refused users.jsonl 8 hash_too_costly',
      'reported users.jsonl 1 role_not_allowed',
      'reported identities.jsonl 3 unknown_provider',
      'refused sessions.jsonl 5 token_encrypted',
      'skipped refresh_tokens.jsonl 4 expired',
      'refused refresh_tokens.jsonl 5 unknown_session',
    ].sort(),
  );
  expect(run.summary).toMatchObject({ imported: 3, roles: 1, identities: 2, sessions: 3 });
});

test('people sign in with bcrypt and Firebase hashes; a ban that is over does not count', async () => {
  await logIn(gateway, { email: 'person1@example.com', password: PASSWORD });
  await logIn(gateway, { email: 'person3@example.com', password: 'user1password' });
  const [banned] = await gateway.sql`select disabled_at from portcullis.users where id = ${id(2)}`;
  expect(banned?.disabled_at).toBeInstanceOf(Date);
});

test('no stored text holds a signer key, a token or a password hash of Supabase with its key', async () => {
  const [stored] = await gateway.sql`
    select (select string_agg(hash, ' ') from portcullis_private.passwords) as hashes,
      (select string_agg(key, ' ') from portcullis_private.imported) as keys`;
  expect(stored?.hashes).not.toContain('sk=');
  expect(stored?.keys).not.toContain('newest');
});

test('roles come from what an operator wrote, and never from what a person wrote', async () => {
  expect(await gateway.sql`select user_id, role from portcullis.user_roles`).toEqual([
    { user_id: id(1), role: 'reviewer' },
  ]);
});

test('tokens of both versions stay good: the newest of each session', async () => {
  expect(await refresh(gateway, 'newesttttttt')).not.toBeNull();
  for (const [, , , text] of VERSION_2) expect(await refresh(gateway, text)).not.toBeNull();
  for (const dead of ['olderrrrrrrr', 'middleeeeeee', 'overrrrrrrrr', 'losttttttttt'])
    expect(await refresh(gateway, dead)).toBeNull();
  const [found] =
    await gateway.sql`select user_agent, host(address) as address from portcullis.sessions where id = ${SESSION}`;
  expect(found).toEqual({ user_agent: 'Mozilla/5.0', address: '192.0.2.7' });
});

test('tokens without their sessions are refused as wrong usage', async () => {
  const { code, stderr } = await runImport(gateway, [
    ...[
      file('users.jsonl'),
      '--from',
      'supabase',
      '--with',
      `refresh_tokens=${file('refresh_tokens.jsonl')}`,
    ],
  ]);
  expect(code).toBe(2);
  expect(stderr).toContain('needs --with sessions');
});
