import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EnsConfig } from '../../src/config/config.ts';
import { resolveNames } from '../../src/ens/resolver.ts';
import type { AuthError } from '../../src/errors.ts';
import { type Chain, startChain } from '../support/anvil.ts';
import {
  type BadEndpoint,
  refusedUrl,
  startDripping,
  startFlooding,
  startProxy,
  startSilent,
  startStatus,
} from './rpc-servers.ts';

const NAME = 'semaphore.wld.eth';
const ADDRESS = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045';
/** For endpoints that use it up, and for the good endpoints beside them. */
const TIMEOUT_MS = 3000;
/** For all other endpoints, which use little of it. */
const PATIENCE_MS = 15_000;

let chain: Chain;
let otherChain: Chain;
const opened: BadEndpoint[] = [];

beforeAll(async () => {
  [chain, otherChain] = await Promise.all([startChain(1), startChain(31337)]);
  await chain.setAddress(NAME, ADDRESS);
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((endpoint) => endpoint.close()));
});

afterAll(() => Promise.all([chain?.stop(), otherChain?.stop()]));

async function open(starting: Promise<BadEndpoint>): Promise<string> {
  const endpoint = await starting;
  opened.push(endpoint);
  return endpoint.url;
}

function configure(rpcUrls: string[], timeoutMs = PATIENCE_MS): EnsConfig {
  return {
    rpcUrls,
    chainId: 1,
    registry: chain.registry,
    universalResolver: null,
    productionName: NAME,
    stagingName: NAME,
    timeoutMs,
  };
}

/** The error of a lookup that fails before ethers or fetch would give up. */
async function failure(rpcUrls: string[], timeoutMs = PATIENCE_MS): Promise<AuthError> {
  const error = await resolveNames(configure(rpcUrls, timeoutMs), [NAME]).then(
    () => null,
    (e: AuthError) => e,
  );
  expect(error).toMatchObject({ code: 'ens_unreachable', cause: undefined });
  return error!;
}

const sentence = (...reasons: string[]) =>
  `No Ethereum RPC endpoint gave a usable answer (${reasons.join('; ')}).`;

const rpcError = (error: unknown) =>
  startProxy(chain.url, (method) => (method === 'eth_call' ? { error } : null));
const rpcResult = (of: string, result: unknown) =>
  startProxy(chain.url, (method) => (method === of ? { result } : null));

/** Endpoints that are bad in one way, each with the reason that the error must give. */
const badEndpoints: [reason: string, what: string, url: () => Promise<string>][] = [
  ['connection refused', 'refuses', refusedUrl],
  [`timed out after ${TIMEOUT_MS} ms`, 'never answers', () => open(startSilent())],
  [`timed out after ${TIMEOUT_MS} ms`, 'answers byte by byte', () => open(startDripping())],
  ['answer too large', 'answers without end', () => open(startFlooding())],
  ['HTTP 429', 'throttles', () => open(startStatus(429))],
  ['HTTP 429', 'asks to wait for a day', () => open(startStatus(429, '', { 'retry-after': '86400' }))],
  ['HTTP 502', 'answers bad gateway', () => open(startStatus(502, '<html>bad gateway</html>'))],
  ['HTTP 401', 'wants another key', () => open(startStatus(401, '{}'))],
  ['unusable answer', 'answers HTML', () => open(startStatus(200, '<html>hello</html>'))],
  ['unusable answer', 'answers null', () => open(startStatus(200, 'null'))],
  ['unusable answer', 'answers another request', () => open(startStatus(200, '{"id":-1,"result":"0x1"}'))],
  ['unusable answer', 'answers null for the chain', () => open(rpcResult('eth_chainId', null))],
  ['unusable answer', 'truncates the answers of contracts', () => open(rpcResult('eth_call', '0x1234'))],
  [
    'RPC error -32005',
    'has a daily limit',
    () => open(rpcError({ code: -32005, message: 'limit exceeded' })),
  ],
  ['RPC error', 'has an error without a code', () => open(rpcError(null))],
  ['wrong chain: expected 1, got 31337', 'is on another chain', async () => otherChain.url],
];

const patience = (reason: string) => (reason.startsWith('timed out') ? TIMEOUT_MS : PATIENCE_MS);

describe('an endpoint', () => {
  test.each(badEndpoints)('is reported with "%s" if it %s', async (reason, _what, start) => {
    const url = await start();
    expect((await failure([url], patience(reason))).message).toBe(
      sentence(`${new URL(url).host}: ${reason}`),
    );
  });

  test.each(badEndpoints)('is skipped with "%s" if it %s', async (reason, _what, start) => {
    const found = await resolveNames(configure([await start(), chain.url], patience(reason)), [NAME]);
    expect(found.get(NAME)).toBe(ADDRESS);
  });

  test('that throttles is asked three times', async () => {
    const throttling = await startStatus(429);
    opened.push(throttling);
    await failure([throttling.url]);
    expect(throttling.requests()).toBe(3);
  });

  test('that throttles only at first is asked again', async () => {
    let throttled = false;
    const url = await open(
      startProxy(chain.url, () => {
        if (throttled) return null;
        throttled = true;
        return { status: 429 };
      }),
    );
    expect((await resolveNames(configure([url]), [NAME])).get(NAME)).toBe(ADDRESS);
  });

  test('that redirects is not followed', async () => {
    const target = await startStatus(200, '{}');
    opened.push(target);
    const url = await open(startStatus(307, '', { location: target.url }));
    expect((await failure([url])).message).toContain('HTTP 307');
    expect(target.requests()).toBe(0);
  });
});

describe('several endpoints', () => {
  test('are all reported if all fail', async () => {
    const urls = [await refusedUrl(), await open(startSilent()), otherChain.url];
    const hosts = urls.map((url) => new URL(url).host);
    expect((await failure(urls, TIMEOUT_MS)).message).toBe(
      sentence(
        `${hosts[0]}: connection refused`,
        `${hosts[1]}: timed out after ${TIMEOUT_MS} ms`,
        `${hosts[2]}: wrong chain: expected 1, got 31337`,
      ),
    );
  });

  test('are not all asked for a name that the first does not know', async () => {
    const second = await startStatus(200, '{}');
    opened.push(second);
    const found = await resolveNames(configure([chain.url, second.url]), ['nobody.wld.eth']);
    expect(found.get('nobody.wld.eth')).toBeNull();
    expect(second.requests()).toBe(0);
  });
});

describe('a key in the URL', () => {
  test('is sent to the endpoint, and does not appear in errors', async () => {
    let authorization: string | undefined;
    const url = await open(
      startProxy(chain.url, (_method, request) => {
        authorization = request.headers.authorization;
        return null;
      }),
    );
    const host = new URL(url).host;
    const withKey = (at: string) => `http://user:s3cret%21@${at}/v3/s3cret?key=s3cret`;
    expect((await resolveNames(configure([withKey(host)]), [NAME])).get(NAME)).toBe(ADDRESS);
    expect(authorization).toBe(`Basic ${btoa('user:s3cret!')}`);

    for (const [reason, , start] of badEndpoints) {
      const error = await failure([withKey(new URL(await start()).host)], patience(reason));
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain('s3cret');
    }
    expect((await failure(['s3cret', 'gopher://host/s3cret', 'http://a:%s3cret@127.0.0.1:1/'])).message).toBe(
      sentence('not a URL: connection failed', 'host: connection failed', '127.0.0.1:1: connection failed'),
    );
  });
});
