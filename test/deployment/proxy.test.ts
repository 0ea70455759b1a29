import { readFile } from 'node:fs/promises';
import ipaddr from 'ipaddr.js';
import { expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { filledExample, readExample, resolveCompose } from './compose.ts';

// The proxy of the compose file and its configuration. test/proxy runs the proxy.

const example = await readExample();
const filled = await filledExample();
const { services } = resolveCompose(filled);
const gatewayEnvironment = { NODE_ENV: 'production', ...services.gateway?.environment };

const published = (name: string) => (services[name]?.ports ?? []).map((port) => port.split(':').at(-1));

test('only the proxy publishes the ports of the gateway and of Hasura', () => {
  const owners = Object.keys(services).filter((name) => published(name).length > 0);
  expect(owners).toEqual(['proxy', 'mailpit']);
  expect(services.proxy?.ports).toEqual([
    `127.0.0.1:${filled.GATEWAY_PORT}:4000`,
    `127.0.0.1:${filled.HASURA_PORT}:8080`,
  ]);
});

test('the gateway trusts X-Forwarded-For only from the proxy, also through Hasura', () => {
  for (const NETWORK_PREFIX of [example.NETWORK_PREFIX ?? '', '10.20.30']) {
    const { services, networks } = resolveCompose({ ...filled, NETWORK_PREFIX });
    const address = services.proxy?.networks?.default?.ipv4_address ?? '';
    const config = readConfig({ ...gatewayEnvironment, ...services.gateway?.environment });
    expect(config.http).toMatchObject({ trustedProxies: [address], hasuraBehindProxy: true });
    const [range] = networks.default?.ipam.config ?? [];
    const within = (cidr = '') => ipaddr.parse(address).match(ipaddr.parseCIDR(cidr));
    // In the network, and outside the range that Docker gives to other containers.
    expect([within(range?.subnet), within(range?.ip_range), range?.gateway]).toEqual([
      ...[true, false, `${NETWORK_PREFIX}.1`],
    ]);
  }
});

test('the proxy gets TRUSTED_PROXIES of .env, and the gateway does not', () => {
  const { services } = resolveCompose({ ...filled, TRUSTED_PROXIES: '172.31.240.1' });
  expect(services.proxy?.environment).toEqual({ TRUSTED_PROXIES: '172.31.240.1' });
  expect(services.gateway?.environment?.TRUSTED_PROXIES).not.toContain('172.31.240.1');
});

test('the proxy sets X-Forwarded-For itself and removes other address headers and the secret', async () => {
  const config = await readFile('hasura/proxy/nginx.conf', 'utf8');
  const headers = Object.fromEntries(
    [...config.matchAll(/^ *proxy_set_header ([\w-]+) (\S+);$/gm)].map(([, name = '', value]) => [
      name,
      value,
    ]),
  );
  expect(headers).toMatchObject({
    ...{ 'X-Forwarded-For': '$remote_addr', 'X-Real-IP': "''", Forwarded: "''" },
    'X-Hasura-Gateway-Secret': "''",
  });
  // A server or location with its own proxy_set_header would lose all of these.
  expect(config.match(/^ {4,}proxy_set_header/m)).toBeNull();
  for (const target of ['gateway:4000', 'hasura:8080']) expect(config).toContain(` ${target};`);
  for (const port of published('proxy')) expect(config).toContain(`listen ${port};`);
});

test('the proxy has the same body limit as the gateway', async () => {
  const config = await readFile('hasura/proxy/nginx.conf', 'utf8');
  const [, megabytes] = /client_max_body_size (\d+)m/.exec(config) ?? [];
  expect(Number(megabytes) * 2 ** 20).toBe(readConfig(gatewayEnvironment).http.maxBodyBytes);
});

test('the health check of the proxy uses a port on which the proxy listens', async () => {
  const [, , ...rest] = services.proxy?.healthcheck?.test ?? [];
  const { host } = new URL(rest.at(-1) ?? '');
  expect(await readFile('hasura/proxy/nginx.conf', 'utf8')).toContain(`listen ${host};`);
});
