import { hash, verify } from 'argon2';
import { ARGON2_PARAMETERS } from '../../src/crypto/passwords/argon2.ts';
import type { Bench, Row } from './bench.ts';
import { repeat } from './repeat.ts';

export const LOGIN =
  'mutation ($input: LoginInput!) { login(input: $input) { accessToken refreshToken user { id } } }';
/** More clients than concurrent hashes, so that the gate is never idle, and fewer than its queue allows. */
export const FLOOD_CLIENTS = 32;

/** Measures whole logins and bare hashes in turns. In the best round the machine did least else. */
export async function measureLogins({ load, url, person, hashesAtOnce }: Bench): Promise<Row[]> {
  const stored = await hash(person.password, ARGON2_PARAMETERS);
  const hashes: number[] = [];
  const logins: number[] = [];
  for (let round = 0; round < 4; round++) {
    const bare = await repeat(() => verify(stored, person.password), hashesAtOnce, 2000);
    hashes.push(bare.perSecond);
    const flood = { url, query: LOGIN, variables: { input: person }, clients: FLOOD_CLIENTS, seconds: 2 };
    logins.push((await load(flood)).perSecond);
  }
  const [gateway, bare] = [Math.max(...logins), Math.max(...hashes)];
  return [
    {
      what: 'logins/s',
      gateway: gateway.toFixed(1),
      bare: bare.toFixed(1),
      ratio: gateway / bare,
      note: `bare: argon2id hashes/s, ${hashesAtOnce} at once; the best of 4 rounds, in turns`,
    },
  ];
}
