import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';

type Operation = {
  operationId: string;
  tags: string[];
  security?: Record<string, never>[];
  requestBody?: { content: { 'application/json'?: { schema: { properties: object; required: string[] } } } };
  responses: Record<string, { description: string; content?: object }>;
};
type Description = {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: object };
};

let gateway: TestGateway;
let description: Description;
beforeAll(async () => {
  gateway = await startGateway({ env: { EMAIL_EXISTS: 'on' } });
  description = (await (await fetch(`${gateway.url}/openapi.json`)).json()) as Description;
});
afterAll(() => gateway.close());

const operations = () =>
  Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
const send = (path: string, method: string, body?: unknown) =>
  fetch(gateway.url + path.replace(/\{\w+\}/g, 'unknown@example.com'), {
    redirect: 'manual',
    method,
    ...(body !== undefined && {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    }),
  });

test('/openapi.json is OpenAPI 3.1 and names every operation once', () => {
  expect(description.openapi).toBe('3.1.0');
  const names = operations().map(({ operation }) => operation.operationId);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(8);
});

test('/openapi.json describes the paths of the seed documents', () => {
  expect(Object.keys(description.paths)).toEqual(
    expect.arrayContaining(['/api/v1/login', '/api/v1/signup', '/api/_ens', '/api/_jwk-gen']),
  );
  const { schema } =
    description.paths['/api/v1/signup']?.post?.requestBody?.content['application/json'] ?? {};
  expect(schema).toMatchObject({
    type: 'object',
    required: ['email', 'password', 'name', 'team_name'],
    properties: { team_name: { type: 'string', description: 'The name of the team to make.' } },
  });
});

test('every operation answers an empty request with a described status', async () => {
  for (const { path, method, operation } of operations()) {
    const answer = await send(path, method, operation.requestBody === undefined ? undefined : {});
    expect(Object.keys(operation.responses), `${method} ${path}`).toContain(String(answer.status));
  }
});

/** The tags of the dialects whose errors have the portal's form. */
const PORTAL_TAGS = ['Portal', 'Teams'];

test('every operation of portal and teams requires exactly the attributes that /openapi.json marks as required', async () => {
  const described = operations().filter(({ operation }) => PORTAL_TAGS.includes(operation.tags[0] ?? ''));
  expect(new Set(described.flatMap(({ operation }) => operation.tags))).toEqual(new Set(PORTAL_TAGS));
  for (const { path, method, operation } of described) {
    const schema = operation.requestBody?.content['application/json']?.schema;
    if (schema === undefined) continue;
    const body: Record<string, unknown> = {};
    for (const attribute of schema.required) {
      const wrong = await send(path, method, { ...body, [attribute]: 5 });
      expect(await wrong.json(), `${path} ${attribute}`).toMatchObject({ code: 'invalid', attribute });
      const missing = await send(path, method, body);
      expect(await missing.json(), `${path} ${attribute}`).toMatchObject({ code: 'required', attribute });
      body[attribute] = 'x';
    }
  }
});

test('/swagger serves its page and assets itself, and answers 404 when SWAGGER is off', async () => {
  const page = await fetch(`${gateway.url}/swagger`);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  const html = await page.text();
  const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url);
  expect(assets.every((url) => url.startsWith('/swagger/'))).toBe(true);
  for (const url of assets) expect((await fetch(gateway.url + url)).status, url).toBe(200);
  const without = await startGateway({ env: { SWAGGER: 'off' } });
  expect((await fetch(`${without.url}/swagger`)).status).toBe(404);
  expect((await fetch(`${without.url}/openapi.json`)).status).toBe(200);
  await without.close();
});
