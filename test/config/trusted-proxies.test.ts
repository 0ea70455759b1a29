import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';

describe('TRUSTED_PROXIES', () => {
  const read = (proxies: string) => () => readConfig({ TRUSTED_PROXIES: proxies }).http.trustedProxies;

  test.each([
    '192.0.2.1',
    '10.0.0.0/8',
    '10.0.0.0/255.0.0.0',
    '2001:db8::/32',
    '::1',
    '::ffff:10.0.0.0/104',
    'loopback, linklocal, uniquelocal, hasura',
  ])('accepts %s', (proxies) => {
    expect(read(proxies)).not.toThrow();
  });

  test.each([
    '10.0.0.0/0',
    '10.0.0.0/33',
    '10.0.0.0/255.0.255.0',
    '::/129',
    '10.0.0.0/',
    'nginx',
    'toString',
  ])('refuses %s', (proxies) => {
    expect(read(proxies)).toThrow(/TRUSTED_PROXIES: must be addresses/);
  });
});
