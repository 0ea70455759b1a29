import type { Bench, Row } from './bench.ts';
import type { LoadResult } from './load-process.ts';
import { FLOOD_CLIENTS, LOGIN } from './logins.ts';
import { startHelper } from './messages.ts';

const ME = '{ me { id email name } }';
const latency = ({ p50, p99 }: LoadResult) => `${p50.toFixed(1)} / ${p99.toFixed(1)}`;

/** Measures `me`, which verifies a token and reads its session, beside a Yoga that answers the same from memory. */
export async function measureMe(bench: Bench): Promise<Row[]> {
  const { load, url, token } = bench;
  const yoga = startHelper<null, { url: string }>('yoga-process.ts', { NODE_ENV: 'production' });
  const bareUrl = `${(await yoga.ask(null)).url}/graphql`;
  const rates: { gateway: number[]; bare: number[] } = { gateway: [], bare: [] };
  for (let round = 0; round < 3; round++) {
    rates.bare.push((await load({ url: bareUrl, query: ME, token, clients: 20, seconds: 1.5 })).perSecond);
    rates.gateway.push((await load({ url, query: ME, token, clients: 20, seconds: 1.5 })).perSecond);
  }
  const bareIdle = await load({ url: bareUrl, query: ME, token, clients: 4, seconds: 1.5 });
  await yoga.stop();
  const idle = await load({ url, query: ME, token, clients: 4, seconds: 1.5 });
  const { flood, calm } = await underFlood(bench);
  const [gateway, bare] = [Math.max(...rates.gateway), Math.max(...rates.bare)];
  return [
    {
      what: 'me/s',
      gateway: gateway.toFixed(0),
      bare: bare.toFixed(0),
      ratio: gateway / bare,
      note: 'bare: a Yoga that answers from memory; 20 clients; the best of 3 rounds, in turns',
    },
    {
      what: 'me p50 / p99 ms, idle',
      gateway: latency(idle),
      bare: latency(bareIdle),
      ratio: idle.p50 / bareIdle.p50,
      note: '4 clients, as fast as they can',
    },
    {
      what: 'me p50 / p99 ms, login flood',
      gateway: latency(calm),
      bare: latency(idle),
      ratio: calm.p50 / idle.p50,
      note: `bare: itself, idle; beside ${flood.perSecond.toFixed(0)} logins/s of ${FLOOD_CLIENTS} clients and ${calm.perSecond.toFixed(0)} me/s`,
    },
  ];
}

async function underFlood({
  load,
  url,
  token,
  person,
}: Bench): Promise<{ flood: LoadResult; calm: LoadResult }> {
  const [flood, calm] = await Promise.all([
    load({ url, query: LOGIN, variables: { input: person }, clients: FLOOD_CLIENTS, seconds: 4 }),
    load({ url, query: ME, token, clients: 4, seconds: 4 }),
  ]);
  return { flood, calm };
}
