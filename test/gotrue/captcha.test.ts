import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { newPerson, startGateway, type TestGateway } from '../support/gateway.ts';
import { expectError, send } from './wire.ts';

// The captcha of POST /signup, where Supabase's clients send its solution.

let isRight = true;
let asked: string[] = [];
const provider = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  asked.push(new URLSearchParams(Buffer.concat(chunks).toString()).get('response') ?? '');
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ success: isRight }));
});

let gateway: TestGateway;
beforeAll(async () => {
  provider.listen(0, '127.0.0.1');
  await once(provider, 'listening');
  const { port } = provider.address() as AddressInfo;
  gateway = await startGateway({
    env: {
      ...{ CAPTCHA_PROVIDER: 'turnstile', CAPTCHA_SECRET: 'secret', CAPTCHA_SITE_KEY: 'site' },
      ...{ CAPTCHA_VERIFY_URL: `http://127.0.0.1:${port}/siteverify`, CAPTCHA_FOR: 'signup' },
      ANONYMOUS_SIGN_IN: 'on',
    },
  });
});
afterAll(async () => {
  await gateway.close();
  provider.close();
});
beforeEach(() => {
  isRight = true;
  asked = [];
});

const signUp = (more: object) => send(gateway, 'POST', '/signup', { body: more });
const newBody = () => ({ email: newPerson().email, password: 'Correct-horse-1' });

test.each([[{}], [newBody()]])(
  'a sign-up without a solution is refused: captcha_failed (%j)',
  async (body) => {
    const missing = 'captcha protection: request disallowed (no captcha_token)';
    for (const security of [{}, { gotrue_meta_security: {} }, { gotrue_meta_security: null }])
      expectError(await signUp({ ...body, ...security }), 400, 'captcha_failed', missing);
    expect(asked).toEqual([]);
  },
);

test('a sign-up with a wrong solution is refused, and makes no account', async () => {
  isRight = false;
  const body = newBody();
  const refused = await signUp({ ...body, gotrue_meta_security: { captcha_token: 'wrong' } });
  expectError(refused, 400, 'captcha_failed', 'captcha protection: request disallowed');
  expect(asked).toEqual(['wrong']);
  expect(await gateway.sql`select from portcullis.users where email = ${body.email}`).toHaveLength(0);
});

test('a sign-up with the right solution is accepted', async () => {
  const solved = { gotrue_meta_security: { captcha_token: 'right' } };
  expect(await signUp({ ...newBody(), ...solved })).toMatchObject({ status: 200 });
  expect(await signUp(solved)).toMatchObject({ status: 200, body: { token_type: 'bearer' } });
  expect(asked).toEqual(['right', 'right']);
});
