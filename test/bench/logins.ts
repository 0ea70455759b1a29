import { hash, verify } from 'argon2';
import { ARGON2_PARAMETERS } from '../../src/crypto/passwords/argon2.ts';
import type { Bench, Row } from './bench.ts';
import { repeat } from './repeat.ts';

export const LOGIN =
  'mutation ($input: LoginInput!) { login(input: $input) { accessToken refreshToken user { id } } }';
/** More clients than concurrent hashes, so that the gate is never idle, and fewer than its queue allows. */
export const FLOOD_CLIENTS = 32;

/** Measures whole logins and bare hashes in turns. In the best round the machine did least else. */
export async function measureLogins({ load, url, origin, person, hashesAtOnce }: Bench): Promise<Row[]> {
  const stored = await hash(person.password, ARGON2_PARAMETERS);
  const hashes: number[] = [];
  const logins: number[] = [];
  const gotrue: number[] = [];
  for (let round = 0; round < 4; round++) {
    const bare = await repeat(() => verify(stored, person.password), hashesAtOnce, 2000);
    hashes.push(bare.perSecond);
    const flood = { url, query: LOGIN, variables: { input: person }, clients: FLOOD_CLIENTS, seconds: 2 };
    logins.push((await load(flood)).perSecond);
    const tokens = { url: `${origin}/token?grant_type=password`, method: 'POST', body: person } as const;
    gotrue.push((await load({ ...tokens, clients: FLOOD_CLIENTS, seconds: 2 })).perSecond);
  }
  const bare = Math.max(...hashes);
  const row = (what: string, rates: number[], note: string): Row => ({
    what,
    gateway: Math.max(...rates).toFixed(1),
    bare: bare.toFixed(1),
    ratio: Math.max(...rates) / bare,
    note,
  });
  return [
    row(
      'logins/s',
      logins,
      `bare: argon2id hashes/s, ${hashesAtOnce} at once; the best of 4 rounds, in turns`,
    ),
    row('POST /token password/s', gotrue, 'the same by the GoTrue dialect'),
  ];
}
