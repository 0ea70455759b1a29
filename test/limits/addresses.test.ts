import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newPerson, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { openRawClient } from '../support/raw-client.ts';

const person = newPerson();
let direct: TestGateway;
const behind: Record<string, TestGateway> = {};
beforeAll(async () => {
  // Three logins per IP address, and five in total for all callers without a known address.
  direct = await startGateway({
    env: { LIMIT_LOGIN_PER_ADDRESS: '3/300', LIMIT_LOGIN_UNADDRESSED: '5/300' },
  });
  await signUp(direct, person);
  for (const TRUSTED_PROXIES of ['loopback', 'loopback,hasura', 'hasura', 'loopback,10.0.0.0/8'])
    behind[TRUSTED_PROXIES] = await startGateway({ replicaOf: direct, env: { TRUSTED_PROXIES } });
});
afterAll(async () => {
  for (const gateway of Object.values(behind)) await gateway.close();
  await direct.close();
});
beforeEach(() => direct.sql`delete from portcullis_private.rate_limits`);

/** Logs in once with this X-Forwarded-For, and returns the status. */
async function login(
  gateway: TestGateway | undefined,
  forwarded?: string,
  headers: Record<string, string> = {},
) {
  const { status } = await gateway!.post(
    '/api/v1/login',
    { email: person.email, password: person.password },
    { ...headers, ...(forwarded !== undefined && { 'x-forwarded-for': forwarded }) },
  );
  return status;
}
/** The status of each login in turn. */
async function logins(gateway: TestGateway | undefined, forwarded: (string | undefined)[], headers = {}) {
  const statuses: number[] = [];
  for (const value of forwarded) statuses.push(await login(gateway, value, headers));
  return statuses;
}
const counters = async () =>
  (
    await direct.sql`select split_part(key, ':', 1) as purpose, count from portcullis_private.rate_limits
    where key not like 'login_account:%' order by 1, 2`
  ).map(({ purpose, count }) => `${purpose} ${count}`);
const lastAddress = async () => {
  const [row] =
    await direct.sql`select host(address) as address from portcullis.sessions order by created_at desc, id desc limit 1`;
  return row?.address as string | null;
};
const fromHasura = () => ({ 'x-hasura-gateway-secret': direct.secret });

describe('a gateway without trusted proxies', () => {
  test('logins count for the peer’s address, and X-Forwarded-For is ignored', async () => {
    expect(await logins(direct, [undefined, '203.0.113.1', '203.0.113.2', '203.0.113.3'])).toEqual([
      200, 200, 200, 429,
    ]);
    expect(await lastAddress()).toBe('127.0.0.1');
    expect(await counters()).toEqual(['login_address 4']);
  });
});

describe('a gateway with TRUSTED_PROXIES=loopback', () => {
  const proxied = () => behind.loopback;

  test('logins count for the address in X-Forwarded-For', async () => {
    expect(await logins(proxied(), Array(4).fill('203.0.113.1'))).toEqual([200, 200, 200, 429]);
    expect(await login(proxied(), '203.0.113.2')).toBe(200);
    expect(await lastAddress()).toBe('203.0.113.2');
  });

  test('addresses that a client puts in front of its own address are ignored', async () => {
    const forged = [
      '1.1.1.1, 203.0.113.1',
      '2.2.2.2,203.0.113.1',
      'garbage, 203.0.113.1',
      '127.0.0.1, 203.0.113.1',
    ];
    expect(await logins(proxied(), forged)).toEqual([200, 200, 200, 429]);
    expect(await counters()).toEqual(['login_address 4']);
  });

  test('an IPv6 /64 network counts as one client', async () => {
    const network = [
      '2001:db8:0:1::1',
      '2001:db8:0:1:ffff::2',
      '2001:DB8:0:1:0:0:0:3',
      '2001:db8::1:0:0:0:4',
    ];
    expect(await logins(proxied(), network)).toEqual([200, 200, 200, 429]);
    expect(await login(proxied(), '2001:db8:0:2::1')).toBe(200);
    expect(await lastAddress()).toBe('2001:db8:0:2::1');
  });

  test('an IPv4-mapped IPv6 address counts as the IPv4 address', async () => {
    const spellings = ['203.0.113.1', '::ffff:203.0.113.1', '::FFFF:cb00:7101', '203.0.113.1'];
    expect(await logins(proxied(), spellings)).toEqual([200, 200, 200, 429]);
  });

  test('an address in 64:ff9b::/96 counts as its IPv4 address', async () => {
    const translated = ['64:ff9b::203.0.113.1', '64:ff9b::203.0.113.2', '64:ff9b::cb00:7103'];
    expect(await logins(proxied(), [...translated, '64:ff9b::203.0.113.4'])).toEqual([200, 200, 200, 200]);
    expect(await logins(proxied(), Array(3).fill('203.0.113.1'))).toEqual([200, 200, 429]);
  });

  test('the proxy’s own X-Forwarded-For line counts, even after 2,100 header lines of the client', async () => {
    const body = JSON.stringify({ email: person.email, password: person.password });
    const client = await openRawClient(proxied()!.url);
    const lines = ['host: gateway', 'content-type: application/json', `content-length: ${body.length}`];
    const forged = ['x-forwarded-for: 1.1.1.1', ...Array(2100).fill('a:'), 'x-forwarded-for: 203.0.113.7'];
    await client.send(
      ['POST /api/v1/login HTTP/1.1', 'connection: close', ...lines, ...forged, '', body].join('\r\n'),
    );
    expect(await client.ended()).toMatch(/^HTTP\/1.1 200/);
    expect(await lastAddress()).toBe('203.0.113.7');
  });

  test('an IPv6 address counts without its zone', async () => {
    expect(await login(proxied(), 'fe80::1%eth0')).toBe(200);
    expect(await lastAddress()).toBe('fe80::1');
  });

  test('clients whose hop is not an address share one counter', async () => {
    const garbage = ['garbage', "' or true --", '999.1.1.1', '203.0.113.1:x', '[2001:zz::1]', 'unknown'];
    expect(await logins(proxied(), garbage)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await counters()).toEqual(['login_unaddressed 6']);
    expect(await lastAddress()).toBeNull();
  });

  test('a port beside the address is ignored', async () => {
    const hops = ['203.0.113.9:1', '203.0.113.9:2', '[2001:db8::9]:3', '[2001:db8::9]'];
    expect(await logins(proxied(), hops)).toEqual([200, 200, 200, 200]);
    expect(await counters()).toEqual(['login_address 2', 'login_address 2']);
  });

  test.each([
    ['an IPv4 address with a port', '203.0.113.1:41000', '203.0.113.1'],
    ['an IPv6 address in brackets', '[2001:db8::9]', '2001:db8::9'],
    ['an IPv6 address in brackets with a port', '[2001:db8::9]:443', '2001:db8::9'],
    ['an address in quotes', '"[2001:db8::9]:443"', '2001:db8::9'],
    ['an address with a zone in brackets', '[fe80::1%eth0]:443', 'fe80::1'],
    ['a mapped address with a port', '[::ffff:203.0.113.1]:80', '203.0.113.1'],
    ['blanks around the hop', ' \t203.0.113.1 ', '203.0.113.1'],
    ['empty hops', ',203.0.113.1, ,', '203.0.113.1'],
    ['a trusted hop with a port', '203.0.113.1:1, 127.0.0.1:5551', '203.0.113.1'],
    ['a trusted hop in brackets', '203.0.113.1, "[::1]:5551",[::1]', '203.0.113.1'],
    ['a mapped trusted hop', '203.0.113.1, [::ffff:127.0.0.1]:1', '203.0.113.1'],
    ['a hidden hop', '203.0.113.1, _hidden', null],
    ['an unknown hop', '203.0.113.1, unknown:80, 127.0.0.1', null],
    ['a number', '203.0.113.1, 2130706433', null],
    ['an octal address', '203.0.113.1, 0177.0.0.1', null],
    ['a short address', '203.0.113.1, 127.1', null],
    ['brackets that do not close', '203.0.113.1, [::1', null],
    ['IPv4 in brackets', '[203.0.113.1]', null],
    ['a long hop', `203.0.113.1, ${'1'.repeat(8000)}`, null],
    ['a very long list of trusted hops', `203.0.113.1${',::1'.repeat(3000)}`, null],
  ])('%s in X-Forwarded-For gives the client’s address, or null', async (_what, forwarded, address) => {
    for (const [gateway, headers] of [
      [proxied(), {}],
      [behind['loopback,hasura'], fromHasura()],
    ] as const) {
      expect(await login(gateway, forwarded, headers)).toBe(200);
      expect(await lastAddress()).toBe(address);
    }
  });

  test('the proxy itself is the client if it names no other address', async () => {
    expect(await logins(proxied(), [undefined, '', '127.0.0.1', '::1'])).toEqual([200, 200, 200, 200]);
    expect(await counters()).toEqual(['login_address 1', 'login_address 3']);
  });
});

test('the last hop that is not a trusted proxy is the client', async () => {
  const chain = behind['loopback,10.0.0.0/8'];
  const hops = [
    '198.51.100.1, 203.0.113.1, 10.1.2.3',
    '203.0.113.1,10.0.0.1, 10.0.0.2',
    '203.0.113.1:41000, 10.0.0.7:5551',
    '[::ffff:203.0.113.1]:1, [::ffff:10.0.0.7]:5551, 127.0.0.1:1',
  ];
  expect(await logins(chain, hops)).toEqual([200, 200, 200, 429]);
  expect(await counters()).toEqual(['login_address 4']);
});

describe('logins through Hasura', () => {
  test('share one counter, and their X-Forwarded-For is ignored', async () => {
    for (const gateway of [direct, behind.loopback]) {
      await direct.sql`delete from portcullis_private.rate_limits`;
      const claims = [undefined, ...[1, 2, 3, 4, 5].map((n) => `203.0.113.${n}`)];
      expect(await logins(gateway, claims, fromHasura())).toEqual([200, 200, 200, 200, 200, 429]);
      expect(await counters()).toEqual(['login_unaddressed 6']);
      expect(await lastAddress()).toBeNull();
    }
  });

  test('do not use up the counter of direct clients', async () => {
    await logins(direct, Array(5).fill(undefined), fromHasura());
    expect(await login(direct)).toBe(200);
    expect(await counters()).toEqual(['login_address 1', 'login_unaddressed 5']);
  });

  test('are limited per account too', async () => {
    const gateway = await startGateway({ env: { LIMIT_LOGIN_PER_ACCOUNT: '2/60' } });
    const other = newPerson();
    await signUp(gateway, other);
    const headers = { 'x-hasura-gateway-secret': gateway.secret };
    const statuses: number[] = [];
    for (let i = 0; i < 3; i++)
      statuses.push(
        (await gateway.post('/api/v1/login', { email: other.email, password: 'guess' }, headers)).status,
      );
    expect(statuses).toEqual([400, 400, 429]);
    await gateway.close();
  });

  test('count for the hop of the proxy in front of Hasura if TRUSTED_PROXIES names both', async () => {
    const gateway = behind['loopback,hasura'];
    const forged = ['1.1.1.1, 203.0.113.1', '203.0.113.1, 127.0.0.1', '203.0.113.1', '2.2.2.2,203.0.113.1'];
    expect(await logins(gateway, forged, fromHasura())).toEqual([200, 200, 200, 429]);
    expect(await login(gateway, '203.0.113.2', fromHasura())).toBe(200);
    expect(await lastAddress()).toBe('203.0.113.2');
    expect(await login(gateway, 'garbage', fromHasura())).toBe(200);
    expect(await login(gateway, undefined, fromHasura())).toBe(200);
    expect(await counters()).toEqual(['login_address 1', 'login_address 4', 'login_unaddressed 2']);
  });

  test('TRUSTED_PROXIES=hasura ignores X-Forwarded-For of direct clients', async () => {
    expect(await logins(behind.hasura, ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4'])).toEqual(
      [200, 200, 200, 429],
    );
    expect(await counters()).toEqual(['login_address 4']);
  });
});
