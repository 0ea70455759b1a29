import type { LookupAddress } from 'node:dns';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { type AllowedAddresses, createCheckedLookup } from '../../src/outbound/addresses.ts';
import { nameServer } from './name-server.ts';

/** The addresses that a connection to a host may use. */
const reachable = (
  addresses: string[],
  allow: AllowedAddresses = { hosts: [], ranges: [] },
  { host = 'app.example.com', secure = true } = {},
): Promise<string[]> =>
  new Promise((resolve) => {
    const { lookup } = createCheckedLookup(allow, secure, nameServer(addresses));
    lookup(host, { all: true }, (error, found) =>
      resolve(
        error !== null ? [String(error.code)] : (found as LookupAddress[]).map(({ address }) => address),
      ),
    );
  });

describe('the gateway does not connect to', () => {
  test.each([
    ...['127.0.0.1', '127.255.255.254', '0.0.0.0', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...['169.254.169.254', '100.64.0.1', '100.100.100.200', '168.63.129.16', '192.0.0.192', '198.18.0.1'],
    ...['224.0.0.1', '240.0.0.1', '255.255.255.255', '192.0.2.1', '192.88.99.1'],
    ...['::', '::1', '::127.0.0.1', '::ffff:127.0.0.1', '::ffff:a00:1', '::ffff:0:127.0.0.1', 'fe80::1'],
    ...['fc00::1', 'fd00:ec2::254', 'fec0::1', 'ff02::1', '64:ff9b::7f00:1', '64:ff9b::a9fe:a9fe', '100::1'],
    ...['64:ff9b:1::808:808', '2002:7f00:1::', '2001::1', '2001:db8::1', '3fff::1', '5f00::1', '4000::1'],
  ])('%s', async (address) => {
    expect(await reachable([address])).toEqual(['private_address']);
  });
});

test.each(['1.1.1.1', '8.8.8.8', '172.32.0.1', '2606:4700::1111', '64:ff9b::808:808'])(
  'the gateway connects to the public address %s',
  async (address) => {
    expect(await reachable([address])).toEqual([address]);
  },
);

test('of several addresses of a host only the public ones are used', async () => {
  expect(await reachable(['127.0.0.1', '1.1.1.1', '::1', 'fd00::1', '8.8.8.8'])).toEqual([
    '1.1.1.1',
    '8.8.8.8',
  ]);
});

test('ALLOW_PRIVATE_ADDRESSES opens the hosts and ranges that it names, and no others', async () => {
  const { allowPrivate: allow } = readConfig({
    ALLOW_PRIVATE_ADDRESSES: 'Login.Internal, 10.1.0.0/16, fd00:1::/32',
  }).outbound;
  expect(await reachable(['10.9.9.9'], allow, { host: 'login.internal' })).toEqual(['10.9.9.9']);
  expect(await reachable(['10.9.9.9'], allow, { host: 'x.login.internal' })).toEqual(['private_address']);
  expect(await reachable(['10.1.2.3', '::ffff:10.1.2.3', '64:ff9b::a01:203', '10.2.0.1'], allow)).toEqual([
    '10.1.2.3',
    '::ffff:10.1.2.3',
    '64:ff9b::a01:203',
  ]);
  expect(await reachable(['fd00:1::5', 'fd00:2::5'], allow)).toEqual(['fd00:1::5']);
});

test('without TLS only the addresses that are allowed are reached', async () => {
  const addresses = ['1.1.1.1', '127.0.0.1', '10.1.2.3'];
  const http = { secure: false };
  expect(await reachable(addresses, { hosts: [], ranges: [] }, http)).toEqual(['private_address']);
  expect(await reachable(addresses, { hosts: [], ranges: ['10.0.0.0/8'] }, http)).toEqual(['10.1.2.3']);
});

test.each(['169.254.169.254', '100.100.100.200', 'fd00:ec2::254', '64:ff9b::a9fe:a9fe', '168.63.129.16'])(
  'a range or a host name does not open the metadata address %s, its own address does',
  async (address) => {
    const ranges = ['loopback', 'linklocal', 'uniquelocal', '100.64.0.0/10', '168.63.0.0/16', '64:ff9b::/96'];
    expect(await reachable([address], { hosts: ['app.example.com'], ranges })).toEqual(['private_address']);
    expect(await reachable([address], { hosts: [], ranges: [address] })).toEqual([address]);
  },
);

test('an answer of a name server that is not an address is not used', async () => {
  expect(await reachable(['app.internal', ''], { hosts: ['app.example.com'], ranges: [] })).toEqual([
    'private_address',
  ]);
});
