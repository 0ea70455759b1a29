import { expect, test } from 'vitest';
import { codeOf } from '../accounts/accounts.ts';
import { forFile } from '../support/for-file.ts';
import { newPerson } from '../support/gateway.ts';
import { newPkce } from '../support/pkce.ts';
import { otherThan, SITE, startCodes } from './codes.ts';

// The same flows in GraphQL, with the GoTrue dialect switched off.

const codes = forFile(() => startCodes({ DIALECTS: 'portal,teams' }));

const TOKENS = 'accessToken refreshToken user { id email emailVerified }';
const MAGIC_LINK = 'mutation ($input: RequestMagicLinkInput!) { requestMagicLink(input: $input) { ok } }';
const CODE = 'mutation ($input: RequestCodeInput!) { requestCode(input: $input) { ok } }';
const WITH_CODE = `mutation ($input: SignInWithCodeInput!) { signInWithCode(input: $input) { ${TOKENS} } }`;
const WITH_LINK = `mutation ($input: SignInWithLinkInput!) { signInWithLink(input: $input) { ${TOKENS} } }`;
const EXCHANGE = `mutation ($input: ExchangeCodeInput!) { exchangeCode(input: $input) { ${TOKENS} } }`;

const run = (document: string, input: object) => codes.gateway.graphql(document, { input });
const failure = (document: string, input: object) => codeOf(codes.gateway.failure(document, { input }));

test('a code signs an unknown address up and in', async () => {
  const { email } = newPerson();
  expect(await run(CODE, { email })).toEqual({ requestCode: { ok: true } });
  const { code, link } = await codes.mailed(email);
  expect(link.pathname).toBe('/mail/link');
  expect(await failure(WITH_CODE, { email, code: otherThan(code) })).toBe('invalid_code code');
  expect(await run(WITH_CODE, { email, code })).toMatchObject({
    signInWithCode: { accessToken: expect.any(String), user: { email, emailVerified: true } },
  });
  expect(await failure(WITH_CODE, { email, code })).toBe('invalid_code code');
});

test('the token of a magic link signs in once', async () => {
  const { email } = newPerson();
  await run(MAGIC_LINK, { email, redirectTo: `${SITE}/in` });
  const { token, link } = await codes.mailed(email);
  expect(link.searchParams.get('redirect_to')).toBe(`${SITE}/in`);
  expect(await run(WITH_LINK, { token })).toMatchObject({ signInWithLink: { user: { email } } });
  expect(await failure(WITH_LINK, { token })).toBe('invalid_token token');
});

test('an unknown address without createUser gets the same answer, and no mail', async () => {
  const { email } = newPerson();
  expect(await run(CODE, { email, createUser: false })).toEqual({ requestCode: { ok: true } });
  expect(await codes.countMails(email)).toBe(0);
});

test('a PKCE flow leads back with a code, which the verifier exchanges', async () => {
  const { email } = newPerson();
  const { verifier: codeVerifier, challenge: codeChallenge } = newPkce();
  await run(MAGIC_LINK, { email, codeChallenge });
  const { link } = await codes.mailed(email);
  const opened = await fetch(codes.gateway.url + link.pathname + link.search, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  const code = new URL(opened.headers.get('location') ?? '').searchParams.get('code') ?? '';
  expect(await failure(EXCHANGE, { code, codeVerifier: 'wrong' })).toBe('invalid_code_verifier codeVerifier');
  expect(await run(EXCHANGE, { code, codeVerifier })).toMatchObject({ exchangeCode: { user: { email } } });
  expect(await failure(EXCHANGE, { code, codeVerifier })).toBe('invalid_token code');
});

test.each([
  [CODE, {}, 'required email'],
  [CODE, { email: 'a@example.com', phone: '15005550006' }, 'invalid phone'],
  [CODE, { email: 'nope' }, 'invalid email'],
  [MAGIC_LINK, { email: 'a@example.com', codeChallenge: 'short' }, 'invalid codeChallenge'],
  [WITH_CODE, { code: '123456' }, 'required email'],
  [WITH_CODE, { email: 'a@example.com', code: '' }, 'required code'],
  [WITH_LINK, { token: '' }, 'required token'],
  [EXCHANGE, { code: '', codeVerifier: '' }, 'required code'],
])('%s refuses %j: %s', async (document, input, code) => {
  expect(await failure(document, input)).toBe(code);
});

test('MAGIC_LINK off refuses to mail: feature_disabled', async () => {
  const off = await startCodes({ MAGIC_LINK: 'off' });
  expect(await codeOf(off.gateway.failure(CODE, { input: { email: newPerson().email } }))).toBe(
    'feature_disabled',
  );
  expect(await off.post('/otp', { email: newPerson().email })).toMatchObject({
    status: 422,
    body: { error_code: 'email_provider_disabled' },
  });
  await off.close();
});
