import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { environment } from '../../src/config/variables.ts';
import {
  composeReferences,
  filledExample,
  readCompose,
  readExample,
  resolveCompose,
  type Service,
} from './compose.ts';

const example = await readExample();
const filled = await filledExample();
const compose = resolveCompose(filled);
const service = (name: string): Service => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`The compose file has no service ${name}.`);
  return found;
};
const environmentOf = (name: string) => service(name).environment ?? {};
const gatewayEnvironment = { NODE_ENV: 'production', ...environmentOf('gateway') };

const used = composeReferences();
const required = new Set(used.filter(({ operator }) => operator === ':?').map(({ name }) => name));

test('the compose file and .env.example name the same variables', () => {
  expect([...new Set(used.map(({ name }) => name))].sort()).toEqual(Object.keys(example).sort());
});

/** Secrets that a deployment may lack. */
const optional = new Set([
  'OTHER_INTERNAL_ENDPOINTS_SECRET',
  'CAPTCHA_SECRET',
  'GOTRUE_JWT_SECRET',
  'SMS_WEBHOOK_SECRETS',
  'WEBHOOK_SECRETS',
]);

test('every secret is required, and other variables have the default of .env.example', () => {
  for (const { name, operator, operand } of used) {
    const secret = /PASSWORD|SECRET|KEYS/.test(name) && !optional.has(name);
    expect(operator, name).toBe(secret ? ':?' : ':-');
    expect(operator === ':?' ? '' : operand, name).toBe(example[name]);
  }
});

test('the compose file refuses every empty secret by its name', () => {
  expect(required.size).toBe(6);
  for (const name of required)
    expect(() => resolveCompose({ ...filled, [name]: '' })).toThrow(`${name} is missing, see .env.example`);
});

test('every environment value in the compose file is a string', () => {
  for (const name of Object.keys(compose.services))
    for (const [variable, value] of Object.entries(environmentOf(name)))
      expect(typeof value, `${name}: ${variable}`).toBe('string');
});

test('the gateway accepts its environment of the compose file in production', () => {
  for (const name of Object.keys(environmentOf('gateway'))) expect(environment.shape).toHaveProperty(name);
  const config = readConfig(gatewayEnvironment);
  expect(config).toMatchObject({
    production: true,
    publicUrl: 'http://localhost:4000',
    internalSecrets: [filled.INTERNAL_ENDPOINTS_SECRET],
    hasuraUnauthorizedRole: environmentOf('hasura').HASURA_GRAPHQL_UNAUTHORIZED_ROLE,
    database: { migrateOnStart: false },
    mail: { delivery: 'smtp', from: 'Portcullis <no-reply@localhost>', locale: 'en' },
    ...{ appUrl: null, captcha: null, refreshCookie: 'off', requireVerifiedEmail: false },
  });
  expect(config.http.shutdownTimeoutMs).toBeLessThan(20_000); // stop_grace_period
});

test('mail goes to mailpit, unless .env names another server', () => {
  const smtpUrl = new URL(readConfig(gatewayEnvironment).mail.smtpUrl ?? '');
  expect(compose.services).toHaveProperty(smtpUrl.hostname);
  expect(smtpUrl.port).toBe('1025');
  const changed = (variables: Record<string, string>) =>
    readConfig({
      ...gatewayEnvironment,
      ...resolveCompose({ ...filled, ...variables }).services.gateway?.environment,
    });
  const variables = { SMTP_URL: 'smtps://me:pw@smtp.example.com', MAIL_FROM: 'Ada <ada@example.com>' };
  expect(changed({ ...variables, MAIL_LOCALE: 'de' }).mail).toMatchObject({
    ...{ smtpUrl: variables.SMTP_URL, from: variables.MAIL_FROM, locale: 'de' },
  });
  expect(changed({ SMTP_URL: 'off' }).mail.delivery).toBe('off');
});

test('the settings for behaviour in .env reach the gateway', () => {
  const { gateway } = resolveCompose({
    ...filled,
    ...{ APP_URL: 'https://app.example.com', REQUIRE_VERIFIED_EMAIL: 'on', REFRESH_COOKIE: 'lax' },
    ...{ CAPTCHA_PROVIDER: 'turnstile', CAPTCHA_SECRET: 'hidden', CAPTCHA_SITE_KEY: 'shown' },
  }).services;
  expect(readConfig({ ...gatewayEnvironment, ...gateway?.environment })).toMatchObject({
    ...{ appUrl: 'https://app.example.com', requireVerifiedEmail: true, refreshCookie: 'lax' },
    captcha: { provider: 'turnstile', secret: 'hidden', siteKey: 'shown' },
  });
});

test('during a rotation the gateway accepts two internal secrets and Hasura sends one', () => {
  const rotating = resolveCompose({ ...filled, OTHER_INTERNAL_ENDPOINTS_SECRET: 'n'.repeat(32) }).services;
  const { internalSecrets } = readConfig({ ...gatewayEnvironment, ...rotating.gateway?.environment });
  expect(internalSecrets).toEqual([filled.INTERNAL_ENDPOINTS_SECRET, 'n'.repeat(32)]);
  expect(rotating.hasura?.environment?.INTERNAL_ENDPOINTS_SECRET).toBe(filled.INTERNAL_ENDPOINTS_SECRET);
});

test('Hasura’s JWT settings match the gateway’s issuer, both audiences and the JWKS address', () => {
  const audiences = { JWT_AUDIENCE: 'shop', GOTRUE_JWT_AUDIENCE: 'people' };
  const variables = { ...filled, PUBLIC_URL: 'https://auth.example.com', ...audiences };
  const { gateway, hasura } = resolveCompose(variables).services;
  const config = readConfig({ NODE_ENV: 'production', ...gateway?.environment });
  expect(JSON.parse(hasura?.environment?.HASURA_GRAPHQL_JWT_SECRET ?? '')).toEqual({
    jwk_url: 'http://gateway:4000/.well-known/jwks.json',
    issuer: config.publicUrl,
    audience: [config.tokens.audience, config.gotrue.audience],
    allowed_skew: 30,
  });
});

test('Hasura has every variable that its metadata read', async () => {
  const files = (await readdir('hasura/metadata', { recursive: true })).filter((file) =>
    /\.ya?ml$/.test(file),
  );
  const texts = await Promise.all(files.map((file) => readFile(join('hasura/metadata', file), 'utf8')));
  const names = texts.flatMap((text) => [
    ...[...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name),
    ...[...text.matchAll(/\bfrom_env: *"?(\w+)/g)].map(([, name]) => name),
    ...[...text.matchAll(/\w+_from_env: *"?(\w+)/g)].map(([, name]) => name),
  ]);
  expect(new Set(names).size).toBeGreaterThan(3);
  for (const name of new Set(names)) expect(environmentOf('hasura')).toHaveProperty(name ?? '');
});

test('Hasura starts with closed settings: no console, no metadata API, no development mode', () => {
  expect(environmentOf('hasura')).toMatchObject({
    HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS: 'true',
    HASURA_GRAPHQL_DEV_MODE: 'false',
    HASURA_GRAPHQL_ADMIN_INTERNAL_ERRORS: 'false',
    HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS: 'false',
    HASURA_GRAPHQL_ENABLED_APIS: 'graphql',
    HASURA_GRAPHQL_ENABLE_CONSOLE: 'false',
    HASURA_GRAPHQL_ENABLE_TELEMETRY: 'false',
  });
  expect(environmentOf('hasura').HASURA_GRAPHQL_ENABLED_LOG_TYPES).not.toMatch(
    /http-log|websocket-log|query-log/,
  );
});

test('every service of the compose file has only the secrets that it needs', () => {
  const holders = Object.fromEntries(
    [...required].map((secret) => {
      const value = filled[secret] ?? '';
      const has = (name: string) => JSON.stringify(compose.services[name]).includes(value);
      return [secret, Object.keys(compose.services).filter(has)];
    }),
  );
  expect(holders).toEqual({
    POSTGRES_PASSWORD: ['postgres', 'databases'],
    GATEWAY_DATABASE_PASSWORD: ['databases', 'migrate', 'gateway'],
    HASURA_DATABASE_PASSWORD: ['migrate', 'hasura'],
    INTERNAL_ENDPOINTS_SECRET: ['gateway', 'hasura'],
    KEY_ENCRYPTION_KEYS: ['gateway'],
    HASURA_GRAPHQL_ADMIN_SECRET: ['hasura'],
  });
});

test('each service waits for the services that it needs, without a circle', () => {
  const order: string[] = [];
  const visit = (name: string, path: string[]) => {
    if (path.includes(name)) throw new Error(`A circle: ${[...path, name].join(' → ')}`);
    for (const [other, { condition }] of Object.entries(service(name).depends_on ?? {})) {
      const { healthcheck, restart, profiles } = service(other);
      expect(profiles, other).toBeUndefined();
      if (condition === 'service_healthy') expect(healthcheck?.test, other).toBeDefined();
      else if (condition === 'service_started') expect(other).toBe('mailpit');
      else {
        expect(condition).toBe('service_completed_successfully');
        expect(restart, other).toBeUndefined();
      }
      visit(other, [...path, name]);
    }
    if (!order.includes(name)) order.push(name);
  };
  for (const name of ['hasura', 'proxy']) visit(name, []);
  expect(order).toEqual(['postgres', 'databases', 'migrate', 'mailpit', 'gateway', 'hasura', 'proxy']);
});

test('every database URL names Postgres of the compose file and a role other than the superuser', () => {
  const urls = Object.values(compose.services)
    .flatMap(({ environment: variables = {} }) => Object.values(variables))
    .filter((value) => value.startsWith('postgres://'))
    .map((value) => new URL(value));
  expect(urls).toHaveLength(5);
  for (const { host, username, pathname } of urls)
    expect([host, username, pathname]).toEqual([
      'postgres:5432',
      expect.stringMatching(/^(gateway|hasura)$/),
      expect.stringMatching(/^\/(portcullis|hasura_metadata)$/),
    ]);
});

test('ports are published only on loopback, mounts exist, and images have a tag', async () => {
  for (const [name, { ports = [], volumes = [], image, build }] of Object.entries(compose.services)) {
    for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    for (const volume of volumes) {
      const [source = '', , mode] = volume.split(':');
      if (!source.startsWith('.')) expect(readCompose().volumes).toHaveProperty(source);
      else {
        await access(source);
        expect(mode, name).toBe('ro');
      }
    }
    if (build === undefined) expect(image, name).toMatch(/:v?\d/);
  }
  expect(service('hasura').volumes).toEqual(['./hasura/metadata:/hasura-metadata:ro']);
});
