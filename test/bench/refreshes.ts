import { generateKeyPair, SignJWT } from 'jose';
import { openDatabase } from '../../src/db/client.ts';
import { createRefreshTokens } from '../../src/sessions/refresh-token-format.ts';
import { rotateRefreshToken } from '../../src/sessions/refresh-tokens.ts';
import type { Bench, Row } from './bench.ts';
import { LOGIN } from './logins.ts';
import { repeat } from './repeat.ts';

const REFRESH = 'mutation ($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }';
const SESSIONS = 16;

type Answer = { data: Record<string, { refreshToken: string }> };

async function send(url: string, query: string, input: object): Promise<string> {
  const body = JSON.stringify({ query, variables: { input } });
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  });
  const [answer] = Object.values(((await response.json()) as Answer).data);
  return answer?.refreshToken ?? '';
}

async function sendToGotrue(origin: string, grant: string, input: object): Promise<string> {
  const response = await fetch(`${origin}/token?grant_type=${grant}`, {
    method: 'POST',
    body: JSON.stringify(input),
  });
  return ((await response.json()) as { refresh_token: string }).refresh_token;
}

/** Each session repeatedly exchanges its token for the next token: one chain for each session. */
async function chains(tokens: string[], next: (token: string) => Promise<string>, ms: number) {
  const free = [...tokens];
  return repeat(
    async () => {
      const token = free.pop() ?? '';
      free.push(await next(token));
    },
    SESSIONS,
    ms,
  );
}

/** Measures refreshes over HTTP beside their minimum: one statement and one signature. */
export async function measureRefreshes({ url, origin, person, env }: Bench): Promise<Row[]> {
  const signIn = () => Promise.all(Array.from({ length: SESSIONS }, () => send(url, LOGIN, person)));
  const { db, close } = openDatabase({
    url: env.DATABASE_URL ?? '',
    poolSize: 10,
    statementTimeoutMs: 10_000,
  });
  const refreshTokens = createRefreshTokens([Buffer.from(env.KEY_ENCRYPTION_KEYS ?? '', 'base64')]);
  const config = { sessions: { ttlSeconds: 3600, refreshTtlSeconds: 3600, reuseIntervalSeconds: 30 } };
  const device = { userAgent: 'bench', address: '127.0.0.1' };
  const { privateKey } = await generateKeyPair('ES256');
  const rotate = async (token: string) => {
    const { rotation } = await rotateRefreshToken(
      { db, config, refreshTokens, rateLimited: false, claims: null },
      device,
      token,
    );
    await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).setExpirationTime('15m').sign(privateKey);
    return rotation.kind === 'refreshed' ? rotation.refreshToken : '';
  };
  const overHttp = (token: string) => send(url, REFRESH, { refreshToken: token });
  const byGotrue = (token: string) => sendToGotrue(origin, 'refresh_token', { refresh_token: token });
  const rates: Record<'gateway' | 'gotrue' | 'bare', number[]> = { gateway: [], gotrue: [], bare: [] };
  for (let round = 0; round < 3; round++) {
    rates.bare.push((await chains(await signIn(), rotate, 1500)).perSecond);
    rates.gateway.push((await chains(await signIn(), overHttp, 1500)).perSecond);
    rates.gotrue.push((await chains(await signIn(), byGotrue, 1500)).perSecond);
  }
  await close();
  const bare = Math.max(...rates.bare);
  const row = (what: string, gateway: number, note: string): Row => ({
    what,
    gateway: gateway.toFixed(0),
    bare: bare.toFixed(0),
    ratio: gateway / bare,
    note,
  });
  return [
    row(
      'refreshes/s',
      Math.max(...rates.gateway),
      `bare: the statement and one ES256 signature; ${SESSIONS} sessions; the client is fetch, on the same cores`,
    ),
    row('POST /token refresh/s', Math.max(...rates.gotrue), 'the same by the GoTrue dialect'),
  ];
}
