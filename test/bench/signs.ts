import { generateKeyPair, SignJWT } from 'jose';
import type { Bench, Row } from './bench.ts';
import { FLOOD_CLIENTS, LOGIN } from './logins.ts';
import { type Repeated, repeat } from './repeat.ts';

const AT_ONCE = 16;

/** Signs the same claims as the gateway, with jose alone. */
async function signBare(ms: number): Promise<Repeated> {
  const { privateKey } = await generateKeyPair('ES256');
  const id = crypto.randomUUID();
  const sign = () =>
    new SignJWT({
      sub: id,
      sid: id,
      email_verified: false,
      'https://hasura.io/jwt/claims': {
        'x-hasura-allowed-roles': ['user'],
        'x-hasura-default-role': 'user',
        'x-hasura-user-id': id,
        'x-hasura-session-id': id,
      },
    })
      .setProtectedHeader({ alg: 'ES256', kid: 'jwk_0123456789abcdef0123456789abcdef', typ: 'JWT' })
      .setIssuedAt()
      .setIssuer('http://127.0.0.1:4000')
      .setAudience('hasura')
      .setExpirationTime('15m')
      .sign(privateKey);
  await repeat(sign, AT_ONCE, 300);
  return repeat(sign, AT_ONCE, ms);
}

/** Measures how fast the gateway issues tokens: idle, and while logins keep its thread pool busy. */
export async function measureSigns({ gateway, load, url, person }: Bench): Promise<Row[]> {
  const ask = async (atOnce: number, ms: number) => {
    const { signs } = await gateway.ask({ ask: 'signs', atOnce, ms });
    if (signs === null) throw new Error('The gateway did not sign.');
    return signs;
  };
  const bare = await signBare(2000);
  await ask(AT_ONCE, 300);
  const idle = await ask(AT_ONCE, 2000);
  const [flood, flooded] = await Promise.all([
    load({ url, query: LOGIN, variables: { input: person }, clients: FLOOD_CLIENTS, seconds: 3.5 }),
    new Promise((resolve) => setTimeout(resolve, 1000)).then(() => ask(4, 2500)),
  ]);
  return [
    {
      what: 'JWT signs/s, idle',
      gateway: idle.perSecond.toFixed(0),
      bare: bare.perSecond.toFixed(0),
      ratio: idle.perSecond / bare.perSecond,
      note: `bare: jose ES256; the gateway asks Postgres for the key each time; ${AT_ONCE} at once`,
    },
    {
      what: 'JWT signs/s, login flood',
      gateway: flooded.perSecond.toFixed(0),
      bare: idle.perSecond.toFixed(0),
      ratio: flooded.perSecond / idle.perSecond,
      note: `bare: itself, idle; 4 at once, p50 / p99 ${flooded.p50.toFixed(1)} / ${flooded.p99.toFixed(1)} ms, beside ${flood.perSecond.toFixed(0)} logins/s`,
    },
  ];
}
