import { randomBytes } from 'node:crypto';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway } from '../../support/gateway.ts';
import { exported, runInstall, spawnInstall } from './command.ts';
import { startRelay } from './engine-relay.ts';
import { createSetting, type Setting } from './setting.ts';

// What the installer finds out about the engine's environment, and when it refuses.

let setting: Setting;
beforeAll(async () => {
  setting = await createSetting();
});
afterAll(() => setting.close());

const BELIEVED = 'Not installed: the gateway would believe user ids of another issuer.\n  ';
const jwtSecret = (given: object) => ({
  HASURA_GRAPHQL_JWT_SECRET: JSON.stringify({
    jwk_url: `${setting.gateway.url}/.well-known/jwks.json`,
    issuer: 'https://auth.example.com',
    audience: ['hasura', 'authenticated'],
    ...given,
  }),
});
const SUGGESTED =
  'HASURA_GRAPHQL_JWT_SECRET=\'{"jwk_url":"<address of the gateway>/.well-known/jwks.json","issuer":"https://auth.example.com","audience":["hasura","authenticated"],"allowed_skew":30}\'';

describe('an engine that believes others is refused', () => {
  /** The refusal of an engine with these variables; nothing may change. */
  async function refusal(env: Record<string, string | null>): Promise<string> {
    const { engine } = await setting.startForeign({ env });
    const before = await exported(engine);
    const { code, out, err } = await setting.install(engine);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    const dry = await setting.install(engine, '--dry-run');
    expect(dry).toMatchObject({ code: 1, err: expect.stringContaining('It would refuse to install') });
    expect(await exported(engine)).toEqual(before);
    return err;
  }

  test('with the keys of another issuer', async () => {
    const other = await startGateway();
    setting.closes(other);
    const err = await refusal(jwtSecret({ jwk_url: `${other.url}/.well-known/jwks.json` }));
    expect(err).toContain(`${BELIEVED}The engine refuses a token of the gateway (`);
    expect(err).toContain(
      `It trusts another issuer, and the gateway would believe its user ids. Set ${SUGGESTED}.`,
    );
  });

  test('with a shared key of its own', async () => {
    const { engine } = await setting.startForeign({
      env: jwtSecret({ jwk_url: undefined, type: 'HS256', key: randomBytes(32).toString('hex') }),
    });
    expect((await setting.install(engine)).err).toContain('It trusts another issuer');
  });

  test('with a webhook', async () => {
    const hook = createServer((_request, response) => response.end('{"X-Hasura-Role":"anonymous"}'));
    await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}`;
    const err = await refusal({ HASURA_GRAPHQL_AUTH_HOOK: url, HASURA_GRAPHQL_JWT_SECRET: null });
    hook.close();
    expect(err).toBe(
      `${BELIEVED}The engine asks a webhook who a client is, and the gateway would believe its user ids. Unset HASURA_GRAPHQL_AUTH_HOOK, and set ${SUGGESTED}.\n`,
    );
  });

  test('without an admin secret, or with several issuers', async () => {
    const { engine } = await setting.startForeign();
    const relay = setting.closes(await startRelay(engine));
    const answering = (config: object) =>
      relay.before(async ({ path }) =>
        path === '/v1alpha1/config'
          ? { status: 200, body: JSON.stringify({ version: 'v2.51.9', ...config }) }
          : undefined,
      );
    answering({ is_admin_secret_set: false });
    expect((await setting.install(relay)).err).toBe(
      `${BELIEVED}The engine has no admin secret: every client is admin. Set HASURA_GRAPHQL_ADMIN_SECRET.\n`,
    );
    answering({ is_jwt_set: true, jwt: [{ claims_format: 'json' }, { claims_format: 'json' }] });
    expect((await setting.install(relay)).err).toContain('believes the tokens of several issuers');
  });

  test('that takes a token of any key, also if the config API is off', async () => {
    const { engine } = await setting.startForeign();
    const relay = setting.closes(await startRelay(engine));
    relay.before(async ({ path, headers }) => {
      if (path === '/v1alpha1/config') return { status: 404, body: '{}' };
      const isToken = /^Bearer .{50}/.test(headers.authorization ?? '');
      return path === '/v1/graphql' && isToken
        ? { status: 200, body: '{"data":{"__typename":"query_root"}}' }
        : undefined;
    });
    expect((await setting.install(relay)).err).toBe(
      `${BELIEVED}The engine believes a token that the gateway did not sign. Set ${SUGGESTED}.\n`,
    );
  });
});

describe('an engine that lacks something is told', () => {
  test.each<[string, () => Record<string, string | null>, string]>([
    ['without a JWT secret', () => ({ HASURA_GRAPHQL_JWT_SECRET: null }), 'The engine believes no token'],
    [
      'with another audience',
      () => jwtSecret({ audience: 'other' }),
      '"audience" in HASURA_GRAPHQL_JWT_SECRET must be ["hasura","authenticated"]',
    ],
    [
      'with one audience alone',
      () => jwtSecret({ audience: 'hasura' }),
      'Set "audience": ["hasura","authenticated"] in HASURA_GRAPHQL_JWT_SECRET, or leave `gotrue` out of DIALECTS',
    ],
    [
      'with another issuer’s name',
      () => jwtSecret({ issuer: 'https://other.example.com' }),
      '"issuer" in HASURA_GRAPHQL_JWT_SECRET must be "https://auth.example.com"',
    ],
    [
      'without an audience',
      () => jwtSecret({ audience: undefined }),
      'also with a wrong audience. Set "audience": ["hasura","authenticated"] in HASURA_GRAPHQL_JWT_SECRET',
    ],
    [
      'without an issuer',
      () => jwtSecret({ issuer: undefined }),
      'also with a wrong issuer. Set "issuer": "https://auth.example.com" in HASURA_GRAPHQL_JWT_SECRET',
    ],
    [
      'without an unauthorized role',
      () => ({ HASURA_GRAPHQL_UNAUTHORIZED_ROLE: null }),
      'Set HASURA_GRAPHQL_UNAUTHORIZED_ROLE=anonymous.',
    ],
    [
      'with another unauthorized role',
      () => ({ HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'guest' }),
      'A client without a token must have the role anonymous (HASURA_GRAPHQL_UNAUTHORIZED_ROLE)',
    ],
    [
      'without remote schema permissions',
      () => ({ HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS: null }),
      'Set HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS=true.',
    ],
  ])('%s', async (_case, env, line) => {
    const { engine } = await setting.startForeign({ env: env() });
    const { code, out, err } = await setting.install(engine);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^To do at the engine:$/m);
    expect(out).toContain(line);
  });

  test('of an old release, and what could not be seen', async () => {
    const { engine } = await setting.startForeign();
    const relay = setting.closes(await startRelay(engine));
    relay.before(async ({ path }) =>
      path === '/v1alpha1/config'
        ? { status: 200, body: '{"version":"v2.36.0","jwt":{"claims_map":{}}}' }
        : undefined,
    );
    const old = await setting.install(relay, '--dry-run');
    expect(old.out).toContain('The engine is v2.36.0. Use 2.49.2 or newer, or 2.45.5 or newer of 2.45');
    expect(old.out).toContain('remove `claims_map` from HASURA_GRAPHQL_JWT_SECRET');
    relay.before(async ({ path }) => (path === '/v1alpha1/config' ? { status: 404, body: '{}' } : undefined));
    expect((await setting.install(relay, '--dry-run')).out).toContain('The engine’s config API is off');
    const blind = await runInstall(engine, ['--dry-run'], { gateway: null, cwd: setting.folder.path });
    expect(blind.code).toBe(0);
    expect(blind.out).toContain(
      'Whether the engine believes the gateway’s tokens, and no others, was not tested: the command needs the variables of the gateway (DATABASE_URL and KEY_ENCRYPTION_KEYS not set).',
    );
  });
});

test('a database that is away, or keys that do not fit, are told, and a removal needs neither', async () => {
  const { engine } = await setting.startForeign();
  const run = (args: string[], env: Record<string, string>) =>
    runInstall(engine, args, { gateway: setting.gateway, cwd: setting.folder.path, env });
  const away = { DATABASE_URL: 'postgres://gateway:secret@127.0.0.1:1/away' };
  const untested =
    'was not tested: the command needs the variables of the gateway (the database or its signing keys';
  for (const env of [away, { KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64') }]) {
    const { code, out } = await run(['--dry-run'], env);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(untested) });
  }
  expect(await setting.install(engine)).toMatchObject({ code: 0, err: '' });
  expect(await run(['--remove'], away)).toMatchObject({ code: 0, err: '' });
});

test('a wrong gateway behind the engine is told', async () => {
  const other = setting.closes(await startGateway({ env: { PUBLIC_URL: 'https://other.example.com' } }));
  const { engine } = await setting.startForeign({
    env: { PORTCULLIS_GRAPHQL_URL: `${other.url}/graphql`, INTERNAL_ENDPOINTS_SECRET: other.secret },
  });
  expect((await setting.install(engine)).out).toContain(
    'The gateway behind the engine has the issuer https://other.example.com, and this one has https://auth.example.com.',
  );
});

describe('the command', () => {
  test('prints no secret, in a report and in a refusal', async () => {
    const { engine } = await setting.startForeign();
    const { environment } = setting.gateway;
    const secrets = [
      engine.adminSecret,
      environment.INTERNAL_ENDPOINTS_SECRET,
      environment.KEY_ENCRYPTION_KEYS,
      'literal secret',
      'of the shop',
    ];
    const runs = [
      await setting.install(engine, '--dry-run'),
      await setting.install(engine, '--source', 'default'),
      await setting.install(engine),
      await setting.install(engine, '--remove'),
    ];
    for (const { out, err } of runs)
      for (const secret of secrets) expect(`${out}${err}`).not.toContain(secret);
  });

  test('refuses a wrong secret, a wrong address and wrong options, each with one line', async () => {
    const { engine } = await setting.startForeign();
    const run = async (args: string[], env: Record<string, string | undefined> = {}) =>
      runInstall(engine, args, { gateway: setting.gateway, cwd: setting.folder.path, env });
    const lines: [string[], Record<string, string | undefined>, string][] = [
      [[], { HASURA_GRAPHQL_ADMIN_SECRET: 'wrong' }, 'The engine refuses HASURA_GRAPHQL_ADMIN_SECRET.'],
      [[], { HASURA_GRAPHQL_ADMIN_SECRET: undefined }, 'HASURA_GRAPHQL_ADMIN_SECRET is not set.'],
      [['--endpoint', 'http://127.0.0.1:1'], {}, 'The engine does not answer at http://127.0.0.1:1.'],
      [
        ['--endpoint', `${engine.url}`],
        {},
        'HASURA_GRAPHQL_ENDPOINT must be a base URL like http://localhost:8080, without /v1/graphql.',
      ],
      [
        ['--endpoint', setting.gateway.url],
        {},
        'The server that answers with status 404 is not a graphql-engine.',
      ],
      [
        ['--namespace', 'a-b'],
        {},
        '--namespace must be a name of GraphQL: at most 40 letters, digits and underscores.',
      ],
      [
        ['--type-prefix', '__x'],
        {},
        '--type-prefix must be a name of GraphQL: at most 40 letters, digits and underscores.',
      ],
      [
        ['--remove', '--source', 'default'],
        {},
        '--remove finds what is installed: leave out --source, --namespace and --type-prefix.',
      ],
      [['--source='], {}, '--source needs a value.'],
      [['--force'], {}, "Unknown option '--force'"],
    ];
    for (const [args, env, line] of lines) {
      const { code, out, err } = await run(args, env);
      expect({ args, code, out, err }).toEqual({
        args,
        code: 1,
        out: '',
        err: expect.stringContaining(line),
      });
    }
    expect((await run(['--help'])).out).toContain('--dry-run ');
  });

  test('takes the secret from a file, refuses bad roles with exit code 78, and needs a place for the backup', async () => {
    const { engine } = await setting.startForeign();
    const input = { gateway: setting.gateway, cwd: setting.folder.path };
    const bad = await spawnInstall(engine, [], { ...input, env: { HASURA_ROLES: 'admin' } });
    expect({ code: bad.code, err: bad.err }).toEqual({
      code: 78,
      err: expect.stringContaining('HASURA_ROLES: '),
    });
    await expect(
      runInstall(engine, [], { ...input, env: { HASURA_UNAUTHORIZED_ROLE: 'user' } }),
    ).rejects.toThrow(
      'HASURA_UNAUTHORIZED_ROLE: clients without a token would have the permissions of `user`',
    );
    const file = join(await mkdtemp(join(tmpdir(), 'secret-')), 'secret');
    await writeFile(file, `${engine.adminSecret}\n`);
    const env = { HASURA_GRAPHQL_ADMIN_SECRET: undefined, HASURA_GRAPHQL_ADMIN_SECRET_FILE: file };
    expect(await runInstall(engine, ['--dry-run'], { ...input, env })).toMatchObject({ code: 0, err: '' });
    const before = await exported(engine);
    const { code, err } = await setting.install(engine, '--backup', '/dev/null/none');
    expect({ code, err }).toEqual({
      code: 1,
      err: expect.stringMatching(
        /^Nothing was changed: the backup \/dev\/null\/none\/.* cannot be written \(ENOTDIR\)\. Use --backup <folder>\.\n$/,
      ),
    });
    expect(await exported(engine)).toEqual(before);
  });
});
