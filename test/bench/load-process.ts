import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { answer, quantile } from './messages.ts';

/** Load on a server: one request, repeated by a number of clients. */
export type Load = {
  url: string;
  token?: string;
  clients: number;
  seconds: number;
} & (GraphQLOperation | PlainRequest);
type GraphQLOperation = { query: string; variables?: object };
type PlainRequest = { method: 'GET' } | { method: 'POST'; body: object };
export type LoadResult = { perSecond: number; p50: number; p99: number; clientCpu: number };

type Autocannon = (options: object) => PromiseLike<{ errors: number; non2xx: number; mismatches: number }> & {
  on(event: 'response', listener: (client: object, status: number, bytes: number, ms: number) => void): void;
  stop(): void;
};
// The package has no types.
const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;

const WARM_UP_MS = 500;

const requestOf = (load: Load): { method: string; body?: string } => {
  if ('query' in load)
    return { method: 'POST', body: JSON.stringify({ query: load.query, variables: load.variables }) };
  return load.method === 'GET' ? { method: 'GET' } : { method: 'POST', body: JSON.stringify(load.body) };
};

/** Applies the load, with its own timing: autocannon's histogram has only whole milliseconds. */
async function apply(load: Load): Promise<LoadResult> {
  const { url, token, clients, seconds } = load;
  const running = autocannon({
    url,
    ...requestOf(load),
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    connections: clients,
    duration: seconds + 10,
    verifyBody: (body: string) => !body.includes('"errors"'),
  });
  let times: number[] = [];
  running.on('response', (_client, _status, _bytes, ms) => times.push(ms));
  await sleep(WARM_UP_MS);
  times = [];
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  await sleep(seconds * 1000);
  const [elapsed, spent, measured] = [performance.now() - start, process.cpuUsage(cpu), times];
  running.stop();
  const { errors, non2xx, mismatches } = await running;
  if (errors + non2xx + mismatches > 0)
    throw new Error(`${url}: ${errors} errors, ${non2xx} refusals, ${mismatches} answers with errors`);
  return {
    perSecond: (measured.length * 1000) / elapsed,
    p50: quantile(measured, 0.5),
    p99: quantile(measured, 0.99),
    clientCpu: (spent.user + spent.system) / 1000 / elapsed,
  };
}

answer<Load, LoadResult>(apply);
