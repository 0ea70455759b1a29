import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRefreshTokens } from '../../src/sessions/refresh-token.ts';
import {
  bearer,
  ME,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';

const REFRESH = 'mutation ($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }';
const PHONE = { 'user-agent': 'Mozilla/5.0 (iPhone) Version/18.0 Safari/605' };
const LAPTOP = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' };
type Headers = Record<string, string>;

let gateway: TestGateway;
let behindProxy: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { TRUSTED_PROXIES: 'loopback' } });
  behindProxy = await startGateway({ replicaOf: gateway, env: { REFRESH_REUSE_INTERVAL: '0' } });
});
afterAll(async () => {
  await behindProxy.close();
  await gateway.close();
});

let ada: SignedInAnswer;
let sessionId: string;
beforeEach(async () => {
  ada = await signUp(gateway);
  sessionId = decodeJwt(ada.accessToken).sid as string;
});

const refresh = async (refreshToken: string, headers: Headers = PHONE, via = gateway) =>
  (
    await via.graphql<{ refresh: { accessToken: string; refreshToken: string } }>(
      REFRESH,
      { input: { refreshToken } },
      headers,
    )
  ).refresh;
const refused = async (refreshToken: string, headers: Headers = PHONE, via = gateway) => {
  const [error] = (await via.failure(REFRESH, { input: { refreshToken } }, headers)) as [
    { extensions: { code: string } },
  ];
  return error.extensions.code;
};
/** Makes every exchange of the session look older by the interval. */
const age = (interval: string) => gateway.sql`
  update portcullis_private.refresh_tokens set rotated_at = rotated_at - ${interval}::interval where session_id = ${sessionId}`;
const events = async () => [
  ...(await gateway.sql`select action, details from portcullis.security_events
    where session_id = ${sessionId} and action like 'refresh_token%' order by id`),
];
const repeated = (late: boolean, otherUserAgent: boolean, otherAddress: boolean) => ({
  action: 'refresh_token_repeated',
  details: { late, otherUserAgent, otherAddress },
});

describe('a client that never got the answer of a refresh', () => {
  test('gets the unused successor within a day, and the repeat is recorded', async () => {
    const lost = await refresh(ada.refreshToken);
    await age('23 hours');
    expect((await refresh(ada.refreshToken)).refreshToken).toBe(lost.refreshToken);
    expect(await events()).toEqual([repeated(true, false, false)]);
    await refresh(lost.refreshToken);
  });

  test('is signed out if it repeats after a day: refresh_token_reused', async () => {
    await refresh(ada.refreshToken);
    await age('25 hours');
    expect(await refused(ada.refreshToken)).toBe('refresh_token_reused');
  });

  test('is signed out if the successor was used: refresh_token_reused', async () => {
    await refresh((await refresh(ada.refreshToken)).refreshToken);
    await age('31 seconds');
    expect(await refused(ada.refreshToken)).toBe('refresh_token_reused');
    expect(await gateway.failure(ME, {}, bearer(ada.accessToken))).toMatchObject([
      { extensions: { code: 'unauthenticated' } },
    ]);
  });

  test.each([
    ['another user agent', LAPTOP],
    ['no user agent', { 'user-agent': '' }],
  ])('is signed out if it repeats with %s: refresh_token_reused', async (_which, headers) => {
    await refresh(ada.refreshToken);
    await age('31 seconds');
    expect(await refused(ada.refreshToken, headers)).toBe('refresh_token_reused');
  });

  test('is signed out if neither request has a user agent: refresh_token_reused', async () => {
    const silent = { 'user-agent': '' };
    await refresh(ada.refreshToken, silent);
    await age('31 seconds');
    expect(await refused(ada.refreshToken, silent)).toBe('refresh_token_reused');
  });

  test('gets the same successor for twelve late repeats at once', async () => {
    const lost = await refresh(ada.refreshToken);
    await age('1 hour');
    const answers = await Promise.all(Array.from({ length: 12 }, () => refresh(ada.refreshToken)));
    expect(new Set(answers.map(({ refreshToken }) => refreshToken))).toEqual(new Set([lost.refreshToken]));
  });
});

describe('a repeat within REFRESH_REUSE_INTERVAL', () => {
  test('from the same device and IP address is not recorded', async () => {
    await refresh(ada.refreshToken);
    await refresh(ada.refreshToken);
    expect(await events()).toEqual([]);
  });

  test.each([
    ['another user agent', LAPTOP, repeated(false, true, false)],
    ['another IP address', { ...PHONE, 'x-forwarded-for': '198.51.100.7' }, repeated(false, false, true)],
  ])('from %s is recorded', async (_which, headers, event) => {
    await refresh(ada.refreshToken);
    await refresh(ada.refreshToken, headers);
    expect(await events()).toEqual([event]);
  });

  test('is rate_limited per session', async () => {
    await refresh(ada.refreshToken);
    await refresh(ada.refreshToken);
    await gateway.sql`update portcullis_private.rate_limits set count = 500 where key like 'refresh_repeats%'`;
    expect(await refused(ada.refreshToken)).toBe('rate_limited');
    await gateway.sql`delete from portcullis_private.rate_limits where key like 'refresh_repeats%'`;
  });

  test('is refused if the interval is 0: refresh_token_reused', async () => {
    const second = await refresh(ada.refreshToken, PHONE, behindProxy);
    await refresh(second.refreshToken, PHONE, behindProxy);
    expect(await refused(ada.refreshToken, PHONE, behindProxy)).toBe('refresh_token_reused');
  });
});

describe('spent refresh tokens', () => {
  const generations = async () =>
    (
      await gateway.sql`select generation from portcullis_private.refresh_tokens where session_id = ${sessionId} order by generation`
    ).map(({ generation }) => generation as number);
  /** Exchanges the token `times` times, and returns all tokens in their order. */
  const chain = async (times: number) => {
    const tokens = [ada.refreshToken];
    for (let i = 0; i < times; i++) tokens.push((await refresh(tokens[i] ?? '')).refreshToken);
    return tokens;
  };

  test('of the last ten exchanges, or of the last day, answer refresh_token_reused', async () => {
    const tokens = await chain(14);
    await age('2 days');
    expect(await refused(tokens[4] ?? '')).toBe('refresh_token_reused');
    ada = await signUp(gateway);
    sessionId = decodeJwt(ada.accessToken).sid as string;
    const young = await chain(14);
    await age('23 hours');
    expect(await refused(young[0] ?? '')).toBe('refresh_token_reused');
  });

  test('that are older answer invalid_refresh_token, are recorded, and do not end the session', async () => {
    const tokens = await chain(14);
    await age('2 days');
    expect(await refused(tokens[1] ?? '')).toBe('invalid_refresh_token');
    expect(await events()).toEqual([{ action: 'refresh_token_stale', details: {} }]);
    await refresh(tokens[14] ?? '');
  });

  test('that are older are deleted by the next exchange, and still identify their session', async () => {
    const tokens = await chain(30);
    await age('2 days');
    expect(await generations()).toHaveLength(31);
    const next = await refresh(tokens[30] ?? '');
    expect(await generations()).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);
    expect(await refused(tokens[3] ?? '')).toBe('invalid_refresh_token');
    expect(await events()).toEqual([{ action: 'refresh_token_stale', details: {} }]);
    await refresh(next.refreshToken);
  });
});

describe('sessionOf', () => {
  const keys = [1, 2].map((byte) => Buffer.alloc(32, byte));
  const id = '018f3c1a-0b2d-7e4f-8a6b-0123456789ab';

  test('reads the session id from a refresh token and its successors, under any key', () => {
    const before = createRefreshTokens(keys.slice(0, 1));
    const after = createRefreshTokens([...keys].reverse());
    const token = before.first(id);
    expect(token).toMatch(/^prt_[\w-]{87}$/);
    expect(before.sessionOf(token)).toBe(id);
    expect(after.sessionOf(token)).toBe(id);
    expect(after.sessionOf(after.successorOf(token))).toBe(id);
    expect(after.successorsOf(token)).toContain(before.successorOf(token));
  });

  test('returns null for a forged refresh token', () => {
    const tokens = createRefreshTokens(keys);
    const [token, other] = [tokens.first(id), tokens.first('018f3c1a-0b2d-7e4f-8a6b-fedcba987654')];
    for (const forged of [
      ...['', 'prt_', 'rubbish', `prt_${'A'.repeat(87)}`, token.slice(0, -1), `${token}A`],
      token.slice(0, 47) + other.slice(47),
      token.slice(0, 4) + other.slice(4, 47) + token.slice(47),
      `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    ])
      expect(tokens.sessionOf(forged)).toBeNull();
  });

  test('returns null for a refresh token of an earlier version, which can still be exchanged', async () => {
    const old = `prt_${'o'.repeat(43)}`;
    expect(gateway.deps.refreshTokens.sessionOf(old)).toBeNull();
    await gateway.sql`update portcullis_private.refresh_tokens set token_hash = sha256(convert_to(${old}, 'UTF8'))
      where session_id = ${sessionId}`;
    const second = await refresh(old);
    expect(second.refreshToken).toMatch(/^prt_[\w-]{43}$/);
    expect((await refresh(old)).refreshToken).toBe(second.refreshToken);
    await refresh(second.refreshToken);
  });
});
