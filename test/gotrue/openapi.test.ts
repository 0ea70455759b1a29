import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

type Schema = { properties?: Record<string, { description?: string }>; description?: string };
type Operation = {
  operationId: string;
  tags: string[];
  summary?: string;
  description?: string;
  parameters?: { name: string; description?: string }[];
  requestBody?: { content: { 'application/json'?: { schema: Schema } } };
  responses: Record<string, { description: string; content?: unknown }>;
};
type Description = { paths: Record<string, Record<string, Operation>> };

/** The seed's endpoints, and those that the stock client needs beside them. */
const ENDPOINTS = [
  'GET /gotrue/health',
  'GET /gotrue/.well-known/jwks.json',
  'GET /settings',
  'POST /signup',
  'POST /token',
  'POST /otp',
  'POST /magiclink',
  'POST /recover',
  'POST /resend',
  'GET /verify',
  'POST /verify',
  'GET /user',
  'PUT /user',
  'GET /reauthenticate',
  'POST /logout',
  'GET /authorize',
  'GET /callback',
  'POST /callback',
  'GET /user/identities/authorize',
  'DELETE /user/identities/{id}',
  'POST /sso',
  'POST /factors',
  'POST /factors/{id}/challenge',
  'POST /factors/{id}/verify',
  'DELETE /factors/{id}',
  'POST /invite',
  'POST /admin/generate_link',
  'GET /admin/users',
  'POST /admin/users',
  'GET /admin/users/{id}',
  'POST /admin/users/{id}',
  'PUT /admin/users/{id}',
  'DELETE /admin/users/{id}',
  'GET /admin/users/{id}/factors',
  'DELETE /admin/users/{id}/factors/{factorId}',
];

/** They read nothing from a request. The first two are also at the root, where they belong to the gateway. */
const OPEN = ['GET /gotrue/health', 'GET /gotrue/.well-known/jwks.json', 'GET /settings'];

let gateway: TestGateway;
let operations: { name: string; method: string; path: string; operation: Operation }[];
beforeAll(async () => {
  gateway = await startGateway({ env: { DIALECTS: 'gotrue' } });
  const { paths } = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as Description;
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      operation,
    })),
  );
});
afterAll(() => gateway.close());

const described = () => operations.filter(({ operation }) => operation.tags.includes('GoTrue'));

/** A path without the names of its parameters. */
const unnamed = (name: string) => name.replace(/\{\w+\}/g, '{}');

test('/openapi.json describes every endpoint of the GoTrue dialect', () => {
  const names = operations.map(({ name }) => unnamed(name));
  expect(ENDPOINTS.filter((name) => !names.includes(unnamed(name)))).toEqual([]);
});

test('/openapi.json describes no other endpoint of the GoTrue dialect', () => {
  const known = ENDPOINTS.map(unnamed);
  expect(described().filter(({ name }) => !known.includes(unnamed(name)))).toEqual([]);
});

test('every operation has a summary, described parameters, described attributes and its errors', () => {
  const faults = described().flatMap(({ name, operation }) => {
    const { summary, parameters = [], requestBody, responses } = operation;
    const attributes = requestBody?.content['application/json']?.schema.properties ?? {};
    return [
      ...(summary ? [] : [`${name} has no summary`]),
      ...parameters.flatMap((each) => (each.description ? [] : [`${name}: parameter ${each.name}`])),
      ...Object.entries(attributes).flatMap(([key, each]) =>
        each.description ? [] : [`${name}: attribute ${key}`],
      ),
      ...(Object.keys(responses).some((status) => status.startsWith('4')) || OPEN.includes(name)
        ? []
        : [`${name} names no error`]),
    ];
  });
  expect(faults.join('\n')).toBe('');
});

test('every endpoint answers alike at the root, below /gotrue and below /gotrue/auth/v1', async () => {
  for (const { name, method, path, operation } of described()) {
    const target = path.replace(/^\/gotrue/, '').replace(/\{\w+\}/g, 'unknown');
    const ask = async (prefix: string) => {
      const { status, headers } = await fetch(gateway.url + prefix + target, {
        method,
        redirect: 'manual',
        ...(operation.requestBody !== undefined && { body: '{}' }),
      });
      return [status, headers.get('x-sb-error-code')];
    };
    const atRoot = await ask('');
    expect(await ask('/gotrue'), name).toEqual(atRoot);
    expect(await ask('/gotrue/auth/v1'), name).toEqual(atRoot);
    expect(atRoot[0], name).toBeLessThan(500);
  }
});
