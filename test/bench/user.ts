import type { Bench, Row } from './bench.ts';

/** Measures `GET /user` of the GoTrue dialect beside `GET /health`: the same server, without a token and a database. */
export async function measureUser({ load, origin, token }: Bench): Promise<Row[]> {
  const rates: { gateway: number[]; bare: number[] } = { gateway: [], bare: [] };
  for (let round = 0; round < 3; round++) {
    const get = { method: 'GET', clients: 20, seconds: 1.5 } as const;
    rates.bare.push((await load({ ...get, url: `${origin}/health` })).perSecond);
    rates.gateway.push((await load({ ...get, url: `${origin}/user`, token })).perSecond);
  }
  const [gateway, bare] = [Math.max(...rates.gateway), Math.max(...rates.bare)];
  return [
    {
      what: 'GET /user/s',
      gateway: gateway.toFixed(0),
      bare: bare.toFixed(0),
      ratio: gateway / bare,
      note: 'bare: GET /health; 20 clients; the best of 3 rounds, in turns',
    },
  ];
}
