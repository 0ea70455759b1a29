import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toConfig } from '../../src/config/config.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { type Environment, environment } from '../../src/config/variables.ts';
import { problemsOf } from './problems.ts';

const declared = Object.entries(environment.shape).map(([name, schema]) => ({ name, ...schema.meta() }));
const secrets = declared.filter(({ secret }) => secret).map(({ name }) => name);
const required = declared.filter(({ requiredInProduction }) => requiredInProduction).map(({ name }) => name);

const SECRET = 'a secret of thirty-two characters';

/** A valid value for each secret. */
const values: Record<string, string> = {
  DATABASE_URL: 'postgres://app:secret@db.example.com/app',
  DATABASE_DIRECT_URL: 'postgres://app:secret@db.example.com/direct',
  INTERNAL_ENDPOINTS_SECRET: SECRET,
  KEY_ENCRYPTION_KEYS: Buffer.alloc(32, 1).toString('base64'),
  GOTRUE_JWT_SECRET: SECRET,
  CAPTCHA_SECRET: SECRET,
  ENS_RPC_URLS: 'https://rpc.example.com/key',
  OAUTH_PROVIDERS: '[{"name":"google","clientId":"app","clientSecret":"secret"}]',
  SMTP_URL: 'smtps://app:secret@mail.example.com',
  SMS_WEBHOOK_URL: 'https://app.example.com/sms/key',
  SMS_WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
  TWILIO_AUTH_TOKEN: '0'.repeat(32),
  WEBHOOK_URLS: 'https://app.example.com/hooks/key',
  WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
};
const others = { CAPTCHA_PROVIDER: 'turnstile', CAPTCHA_SITE_KEY: 'shown' };

test('every variable has a description in sentences', () => {
  const bare = declared.filter(({ description = '' }) => !/^[A-Z`].*\.$/.test(description));
  expect(bare.map(({ name }) => name)).toEqual([]);
});

test('every variable is part of the configuration', () => {
  const read = new Set<string>();
  const parsed = environment.parse({ CAPTCHA_PROVIDER: 'turnstile' });
  toConfig(
    new Proxy<Environment>(parsed, {
      get: (target, name) => {
        read.add(String(name));
        return Reflect.get(target, name);
      },
    }),
  );
  expect([...read].sort()).toEqual(declared.map(({ name }) => name).sort());
});

test('a variable that another variable needs is declared and required', () => {
  for (const { name, needs } of declared) {
    if (needs === undefined) continue;
    expect(environment.shape).toHaveProperty(needs);
    expect(problemsOf({ [name]: values[name] ?? '' })).toEqual([`${name}: needs ${needs}`]);
  }
});

test('production requires every variable that is declared as required', () => {
  expect(problemsOf({ NODE_ENV: 'production' })).toEqual(
    required.map((name) => `${name}: required in production`),
  );
});

describe('a secret', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'portcullis-secrets-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is read from a file like from the environment', async () => {
    expect(Object.keys(values)).toEqual(expect.arrayContaining(secrets));
    const files: Record<string, string> = {};
    for (const name of secrets) {
      files[`${name}_FILE`] = join(folder, name);
      await writeFile(join(folder, name), `${values[name]}\n`);
    }
    expect(readConfig({ ...others, ...files })).toEqual(readConfig({ ...others, ...values }));
  });

  test('whose file cannot be read is reported with the reason', () => {
    const files = Object.fromEntries(secrets.map((name) => [`${name}_FILE`, join(folder, 'none')]));
    expect(problemsOf(files)).toEqual(secrets.map((name) => `${name}_FILE: cannot be read (ENOENT)`));
  });

  test.each(secrets)('with a bad value is reported without the value: %s', (name) => {
    const bad = name === 'CAPTCHA_SECRET' ? '   ' : 'hunter2';
    const problems = problemsOf({ DATABASE_URL: values.DATABASE_URL ?? '', [name]: bad });
    expect(problems).toEqual(expect.arrayContaining([expect.stringContaining(`${name}: `)]));
    expect(problems.join()).not.toContain('hunter2');
  });
});

describe('HASURA_ROLES and DEFAULT_ROLES', () => {
  const LONG = 'x'.repeat(63);
  test('declare the roles of tokens, and user is one of them', () => {
    expect(readConfig({}).roles).toEqual({ declared: ['user'], byDefault: ['user'] });
    const env = { HASURA_ROLES: ` editor ,org:a-b.c_1,,editor,${LONG}`, DEFAULT_ROLES: 'editor, user' };
    expect(readConfig(env).roles).toEqual({
      declared: ['user', 'editor', 'org:a-b.c_1', LONG],
      byDefault: ['editor', 'user'],
    });
    expect(readConfig({ HASURA_ROLES: 'member', DEFAULT_ROLES: 'member' }).roles.byDefault).toEqual([
      'member',
    ]);
  });

  test.each(['admin', 'ADMIN', 'anonymous', 'service_role', 'Supabase_Admin'])(
    'refuse the role %s, which no token may hold',
    (role) => {
      const problem = 'no token may hold the roles admin, anonymous, service_role, supabase_admin';
      expect(problemsOf({ HASURA_ROLES: `editor,${role}` })).toEqual([`HASURA_ROLES: ${problem}`]);
      expect(problemsOf({ DEFAULT_ROLES: role })).toEqual([`DEFAULT_ROLES: ${problem}`]);
    },
  );

  test('refuse the role of clients without a token', () => {
    const problem = 'no token may hold the role of HASURA_UNAUTHORIZED_ROLE';
    const env = { HASURA_UNAUTHORIZED_ROLE: 'guest', HASURA_ROLES: 'guest' };
    expect(problemsOf(env)).toEqual([`HASURA_ROLES: ${problem}`]);
    expect(problemsOf({ HASURA_UNAUTHORIZED_ROLE: 'user' })).toEqual([`DEFAULT_ROLES: ${problem}`]);
  });

  test.each(['a b', '1st', '"a"', "a'", 'é', '-a', `${LONG}x`, 'a;b', '*'])('refuse the name %s', (role) => {
    expect(problemsOf({ HASURA_ROLES: role })).toEqual([
      expect.stringMatching(/^HASURA_ROLES: a role is a letter/),
    ]);
  });

  test('refuse undeclared default roles, spellings of one role, and lists that are too long', () => {
    expect(problemsOf({ DEFAULT_ROLES: 'user,editor' })).toEqual([
      'DEFAULT_ROLES: each role must be `user` or one of HASURA_ROLES',
    ]);
    expect(problemsOf({ HASURA_ROLES: 'editor,Editor' })).toEqual([
      'HASURA_ROLES: two roles differ only in upper and lower case',
    ]);
    expect(problemsOf({ HASURA_ROLES: 'User' })).toEqual([
      'HASURA_ROLES: a role differs from `user` only in upper and lower case',
    ]);
    const many = Array.from({ length: 65 }, (_, at) => `r${at}`);
    expect(problemsOf({ HASURA_ROLES: many.join() })).toEqual(['HASURA_ROLES: must be at most 64 roles']);
    const long = Array.from({ length: 9 }, (_, at) => `${at}`.replace(/^/, 'x'.repeat(60))).join();
    expect(problemsOf({ HASURA_ROLES: long, DEFAULT_ROLES: long })).toEqual([
      'DEFAULT_ROLES: must be at most 512 characters, so that tokens stay short',
    ]);
  });
});

test('a variable that is not a secret is not read from a file', () => {
  expect(readConfig({ JWT_AUDIENCE_FILE: '/etc/hostname' }).tokens.audience).toBe('hasura');
});

test('the README of the configuration names every variable that production requires', async () => {
  const [introduction = ''] = (await readFile('src/config/README.md', 'utf8')).split('## Variables');
  expect(required.filter((name) => !introduction.includes(`\`${name}\``))).toEqual([]);
});

test.each(['app.example.com/**', '**', '*', '//app.example.com'])(
  'REDIRECT_URLS=%s is refused',
  (pattern) => {
    expect(problemsOf({ REDIRECT_URLS: `https://app.example.com/**,${pattern}` })).toEqual([
      'REDIRECT_URLS: must be URLs with a scheme, like https://app.example.com/**',
    ]);
  },
);

test.each(['http://localhost:3000/**', 'https://*.example.com', 'myapp://**', 'com.example.app:/login'])(
  'REDIRECT_URLS=%s is accepted',
  (pattern) => expect(problemsOf({ REDIRECT_URLS: pattern })).toEqual([]),
);

test('a service for leaked passwords that the gateway cannot reach is refused', () => {
  const env = { PWNED_PASSWORDS: 'closed', PWNED_PASSWORDS_URL: 'http://leaks.internal' };
  expect(problemsOf(env)).toEqual([
    'PWNED_PASSWORDS_URL: needs https, or its host in ALLOW_PRIVATE_ADDRESSES',
  ]);
  expect(problemsOf({ ...env, ALLOW_PRIVATE_ADDRESSES: 'leaks.internal' })).toEqual([]);
  expect(problemsOf({ ...env, PWNED_PASSWORDS_URL: 'https://user:secret@leaks.example.com' })).toEqual([
    'PWNED_PASSWORDS_URL: must not hold a user or a password',
  ]);
});
