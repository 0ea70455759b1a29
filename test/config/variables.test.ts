import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { toConfig } from '../../src/config/config.ts';
import { ConfigError, readConfig } from '../../src/config/read-config.ts';
import { type Environment, environment } from '../../src/config/variables.ts';

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
  CAPTCHA_SECRET: SECRET,
  ENS_RPC_URLS: 'https://rpc.example.com/key',
  SMTP_URL: 'smtps://app:secret@mail.example.com',
  WEBHOOK_URLS: 'https://app.example.com/hooks/key',
  WEBHOOK_SECRETS: `whsec_${Buffer.alloc(32, 2).toString('base64')}`,
};
const others = { CAPTCHA_PROVIDER: 'turnstile', CAPTCHA_SITE_KEY: 'shown' };

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

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

test('a variable that is not a secret is not read from a file', () => {
  expect(readConfig({ JWT_AUDIENCE_FILE: '/etc/hostname' }).tokens.audience).toBe('hasura');
});

test('the README of the configuration names every variable that production requires', async () => {
  const [introduction = ''] = (await readFile('src/config/README.md', 'utf8')).split('## Variables');
  expect(required.filter((name) => !introduction.includes(`\`${name}\``))).toEqual([]);
});
