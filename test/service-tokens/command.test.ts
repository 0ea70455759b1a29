import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect, test } from 'vitest';
import { expireKey } from '../keys/keys.ts';
import { runUsers } from '../operators/command.ts';
import { forFile } from '../support/for-file.ts';
import { PUBLIC_URL, startGateway } from '../support/gateway.ts';
import { type CreatedToken, createServiceToken, serviceToken, serviceTokenJson } from './tokens.ts';

const gateway = forFile(() => startGateway());

const HOUR = 3_600_000;
const list = async () =>
  (await serviceTokenJson<{ serviceTokens: CreatedToken[] }>(gateway, ['list'])).serviceTokens;
const events = (id: string) =>
  gateway.sql`select action, user_id, details from portcullis.security_events
    where details ->> 'tokenId' = ${id} order by id`;

test('create prints a token that a signing key of the gateway signed, without a subject and Hasura claims', async () => {
  const { token, ...created } = await createServiceToken(gateway, ['--expires', '12h']);
  expect(created).toMatchObject({ name: 'backend', role: 'service_role', revokedAt: null, lastUsedAt: null });
  const [newest] = await gateway.sql<{ id: string }[]>`select id from portcullis.jwks`;
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: newest?.id, typ: 'JWT' });
  const seconds = Math.floor(Date.parse(created.expiresAt) / 1000);
  expect(decodeJwt(token)).toEqual({
    iss: PUBLIC_URL,
    aud: 'portcullis-service',
    jti: created.id,
    role: 'service_role',
    iat: expect.any(Number),
    exp: seconds,
  });
  expect(seconds * 1000 - Date.now()).toBeGreaterThan(11.9 * HOUR);
  expect(seconds * 1000 - Date.now()).toBeLessThanOrEqual(12 * HOUR);
});

test('create lives 90 days by default, and takes a role of GOTRUE_ADMIN_ROLES', async () => {
  const { expiresAt, role } = await createServiceToken(gateway, ['--role', 'fastrue_admin']);
  expect(role).toBe('fastrue_admin');
  expect(Math.round((Date.parse(expiresAt) - Date.now()) / (24 * HOUR))).toBe(90);
});

test('the token itself is in no table and in no log', async () => {
  const { token, id } = await createServiceToken(gateway);
  const signature = token.split('.')[2] ?? '';
  const [stored] =
    await gateway.sql`select row_to_json(t)::text as row from portcullis_private.service_tokens t
    where id = ${id}`;
  expect(stored?.row).toContain(id);
  expect(stored?.row).not.toContain(signature);
  expect(gateway.logged()).not.toContain(signature);
  expect(JSON.stringify(await list())).not.toContain(signature);
});

test('list names the tokens, the oldest first, and revoke ends one', async () => {
  const [first, second] = [await createServiceToken(gateway), await createServiceToken(gateway)];
  const ids = (await list()).map(({ id }) => id);
  expect(ids.slice(-2)).toEqual([first.id, second.id]);

  const { revokedAt } = await serviceTokenJson<CreatedToken>(gateway, ['revoke', first.id]);
  expect(Date.parse(revokedAt ?? '')).toBeGreaterThan(Date.now() - 60_000);
  // It keeps the time at which it was revoked.
  expect(await serviceTokenJson(gateway, ['revoke', first.id.toUpperCase()])).toMatchObject({ revokedAt });
  expect((await list()).find(({ id }) => id === first.id)).toMatchObject({ revokedAt });
  const { stdout } = await serviceToken(gateway, ['list']);
  expect(stdout).toContain(`${first.id}  service_role  revoked `);
  expect(stdout).toContain(`${second.id}  service_role  until `);
});

test('the operator’s changes are security events without the name of the token', async () => {
  const { id } = await createServiceToken(gateway);
  await serviceToken(gateway, ['revoke', id]);
  await serviceToken(gateway, ['revoke', id]);
  expect(await events(id)).toEqual([
    {
      action: 'service_token_created',
      user_id: null,
      details: { by: 'operator', tokenId: id, role: 'service_role' },
    },
    { action: 'service_token_revoked', user_id: null, details: { by: 'operator', tokenId: id } },
  ]);
});

test.each([
  [['create', '--name', ' '], 1, '(required, name)'],
  [['create', '--name', 'x'.repeat(256)], 1, '(max_length, name)'],
  [['create', '--name', 'x', '--role', 'authenticated'], 1, 'service_role, supabase_admin, fastrue_admin'],
  [['create', '--name', 'x', '--expires', '366d'], 1, '(invalid, expires)'],
  [['create'], 2, 'Give --name'],
  [['create', '--name', 'x', '--expires', '0d'], 2, '--expires must be'],
  [['create', '--name', 'x', '--expires', '90'], 2, '--expires must be'],
  [['create', '--name', 'x', '--lifetime', '90d'], 2, 'npm run service-token -- create --help'],
  [['revoke', 'x'], 1, '(invalid, id)'],
  [['revoke', '018f0000-0000-7000-8000-00000000dead'], 1, '(not_found, id)'],
  [['revoke'], 2, 'Usage: npm run service-token -- revoke <id>'],
  [['renew'], 2, 'There is not a subcommand of this name.'],
])('%j ends with %i and says why', async (args, code, reason) => {
  const before = (await list()).length;
  const run = await serviceToken(gateway, args);
  expect(run).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(reason) });
  expect((await list()).length).toBe(before);
});

test('a token that would outlive its signing key is refused, and the message names the end of the key', async () => {
  const own = await startGateway();
  try {
    await expireKey(own, undefined, 40 * 86_400);
    const [{ ends } = { ends: '' }] = await own.sql<{ ends: string }[]>`
      select to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD') as ends from portcullis.jwks`;
    const { code, stderr } = await serviceToken(own, ['create', '--name', 'x', '--expires', '41d']);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`which ends at ${ends}`)]);
    await createServiceToken(own, ['--expires', '39d']);
  } finally {
    await own.close();
  }
});

test('housekeeping deletes a token 30 days after its end', async () => {
  const own = await startGateway({ env: { HOUSEKEEPING_SECONDS: '1' } });
  try {
    const [old, revoked, kept] = [
      await createServiceToken(own),
      await createServiceToken(own),
      await createServiceToken(own),
    ];
    await own.sql`update portcullis_private.service_tokens
      set created_at = now() - interval '90 days', expires_at = now() - interval '31 days' where id = ${old.id}`;
    await own.sql`update portcullis_private.service_tokens
      set revoked_at = now() - interval '31 days' where id = ${revoked.id}`;
    const left = () => own.sql`select id from portcullis_private.service_tokens`;
    await expect.poll(left, { timeout: 20_000 }).toEqual([{ id: kept.id }]);
  } finally {
    await own.close();
  }
});

test('--help of the command and of its subcommands names all options', async () => {
  const run = (args: string[]) =>
    runUsers(args, { ...gateway.environment }, { script: 'src/commands/service-token.ts' });
  const overview = await run(['--help']);
  expect(overview).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/create .*\n.*list .*\n.*revoke /),
  });
  const { stdout } = await run(['create', '--help']);
  for (const option of ['--name <text>', '--role <role>', '--expires <time>', '--json'])
    expect(stdout).toContain(option);
});
