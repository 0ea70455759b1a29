import { chmod, chown, copyFile, mkdtemp, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { inspectDatabase } from '../../src/db/inspection.ts';
import { type EmbeddedPostgres, startThrowawayPostgres } from '../../src/embedded-postgres/server.ts';
import { meaningOf, viaJobs, viaRequests } from './connection-identity.ts';

// A URL has the same meaning for both drivers, and the shell's PG* variables have no effect.

const file = (name: string) => fileURLToPath(new URL(`../support/tls/${name}.pem`, import.meta.url));
const encoded = (name: string) => encodeURIComponent(file(name));

let server: EmbeddedPostgres;
let admin: postgres.Sql;
let dataFolder: string;
beforeAll(async () => {
  server = await startThrowawayPostgres();
  admin = postgres(server.url, { max: 1, onnotice: () => {} });
  const [row] = await admin`show data_directory`;
  dataFolder = row?.data_directory;
});
afterAll(async () => {
  await admin.end();
  await server.stop();
});

/** The server's URL with another host and other parameters. */
function urlWith({ host, query = '' }: { host?: string; query?: string }): string {
  const { username, password, port, hostname, pathname } = new URL(server.url);
  return `postgres://${username}:${password}@${host ?? `${hostname}:${port}`}${pathname}${query}`;
}
const localhost = () => `localhost:${new URL(server.url).port}`;

/** Makes the server reachable at another address or socket. */
async function relay(place: string | { port: number; host: string }): Promise<Server> {
  const { port, hostname } = new URL(server.url);
  const opened = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    client.pipe(upstream).pipe(client);
    client.on('error', () => upstream.destroy()).on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    opened.once('error', reject);
    opened.listen(place as never, resolve);
  });
  return opened;
}

const plain = { tls: false, role: 'portcullis', name: 'portcullis' };
const encrypted = { ...plain, tls: true };

describe('a server without TLS', () => {
  test.each(['', '?sslmode=disable', '?sslmode=allow', '?sslmode=prefer', '?channel_binding=prefer'])(
    'accepts a connection with the parameters %j',
    async (query) => expect(await meaningOf(urlWith({ query }))).toEqual(plain),
  );

  test.each(['require', 'verify-full'])('fails a connection with sslmode=%s, with advice', async (mode) => {
    expect(await meaningOf(urlWith({ query: `?sslmode=${mode}` }))).toBe(
      `DATABASE_URL: sslmode=${mode}, but the server has no TLS. Switch TLS on there, or write sslmode=prefer where the network is trusted.`,
    );
  });

  test('gets application_name from the URL', async () => {
    expect(await meaningOf(urlWith({ query: '?application_name=auth' }))).toEqual({ ...plain, name: 'auth' });
  });

  test('a Unix socket is a folder, encoded as the host or as a parameter, and has no TLS', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-socket-'));
    const socket = await relay(join(folder, '.s.PGSQL.5499'));
    try {
      const host = `${encodeURIComponent(folder)}:5499`;
      expect(await meaningOf(urlWith({ host }))).toEqual(plain);
      expect(await meaningOf(urlWith({ host, query: '?sslmode=verify-full' }))).toEqual(plain);
      expect(await meaningOf(urlWith({ host: '', query: `?host=${folder}&port=5499` }))).toEqual(plain);
    } finally {
      socket.close();
      await rm(folder, { recursive: true });
    }
  });

  const hasIpv6 = Object.values(networkInterfaces()).some((each) =>
    each?.some(({ address }) => address === '::1'),
  );
  test.skipIf(!hasIpv6)('an IPv6 address stands in brackets', async () => {
    const opened = await relay({ host: '::1', port: 0 });
    const { port } = opened.address() as { port: number };
    try {
      expect(await meaningOf(urlWith({ host: `[::1]:${port}` }))).toEqual(plain);
    } finally {
      opened.close();
    }
  });

  test('gets no value from PG* variables of the shell', async () => {
    const shell = {
      ...{ PGHOST: '192.0.2.1', PGPORT: '1', PGUSER: 'nobody', PGPASSWORD: 'wrong', PGDATABASE: 'none' },
      ...{ PGSSLMODE: 'require', PGSSL: 'require', PGSSLNEGOTIATION: 'direct', PGAPPNAME: 'psql' },
      ...{ PGOPTIONS: '-c default_transaction_read_only=on', PGTARGETSESSIONATTRS: 'standby' },
      ...{
        PGCONNECT_TIMEOUT: '0',
        PGIDLE_TIMEOUT: '1',
        PGMAX: '0',
        PGPREPARE: 'x',
        PGREPLICATION: 'database',
      },
      ...{
        PGCLIENTENCODING: 'LATIN1',
        PGCLIENT_ENCODING: 'LATIN1',
        PGDATESTYLE: 'German',
        PGTZ: 'Asia/Kolkata',
      },
      ...{ PGPASSFILE: '/nonexistent', PGSERVICE: 'none', PGSYSCONFDIR: '/nonexistent', PGFETCH_TYPES: '1' },
    };
    for (const [name, value] of Object.entries(shell)) vi.stubEnv(name, value);
    try {
      expect(await meaningOf(urlWith({}))).toEqual(plain);
      const { username, port } = new URL(server.url);
      const withoutPassword = `postgres://${username}@127.0.0.1:${port}/portcullis`;
      for (const connects of [viaRequests, viaJobs])
        await expect(connects(withoutPassword)).rejects.toThrow();
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

test('the start names DATABASE_URL if the server asks for a password that the URL lacks', async () => {
  const { username, port } = new URL(server.url);
  const url = `postgres://${username}@127.0.0.1:${port}/portcullis`;
  await expect(
    inspectDatabase({ url, variable: 'DATABASE_URL', prepare: true }, { statementTimeoutMs: 5000 }),
  ).rejects.toThrow('DATABASE_URL: the server asks for a password, and the URL has no password.');
});

describe('a server with TLS', () => {
  beforeAll(async () => {
    const { uid, gid } = await stat(dataFolder);
    for (const [from, to] of [
      ['server', 'server.crt'],
      ['server-key', 'server.key'],
      ['authority', 'root.crt'],
    ] as const) {
      await copyFile(file(from), join(dataFolder, to));
      await chmod(join(dataFolder, to), 0o600);
      await chown(join(dataFolder, to), uid, gid);
    }
    await admin`alter system set ssl = on`;
    await admin`alter system set ssl_ca_file = 'root.crt'`;
    await admin`select pg_reload_conf()`;
    await vi.waitFor(async () => expect(await admin`show ssl`).toEqual([{ ssl: 'on' }]), 60_000);
  });

  test.each(['', '?sslmode=allow', '?sslmode=prefer', '?sslmode=require', '?ssl=require'])(
    'gets an encrypted connection with %j, without a check of its certificate',
    async (query) => expect(await meaningOf(urlWith({ query }))).toEqual(encrypted),
  );

  test('gets an unencrypted connection with sslmode=disable', async () => {
    expect(await meaningOf(urlWith({ query: '?sslmode=disable' }))).toEqual(plain);
  });

  test('is accepted if the authority in sslrootcert certified its name', async () => {
    for (const mode of ['verify-full', 'verify-ca', 'require']) {
      const query = `?sslmode=${mode}&sslrootcert=${encoded('authority')}`;
      expect(await meaningOf(urlWith({ host: localhost(), query })), mode).toEqual(encrypted);
    }
    // The certificate names localhost.
    const byAddress = (mode: string) =>
      meaningOf(urlWith({ query: `?sslmode=${mode}&sslrootcert=${encoded('authority')}` }));
    expect(await byAddress('verify-ca')).toEqual(encrypted);
    expect(await byAddress('verify-full')).toContain('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  test.each([
    ['verify-full', () => `&sslrootcert=${encoded('other-authority')}`],
    ['verify-ca', () => `&sslrootcert=${encoded('other-authority')}`],
    ['require', () => `&sslrootcert=${encoded('other-authority')}`],
    ['verify-full', () => ''],
    ['verify-full', () => '&sslrootcert=system'],
  ])('is refused with sslmode=%s if its authority is not trusted', async (mode, authority) => {
    const query = `?sslmode=${mode}${authority()}`;
    expect(await meaningOf(urlWith({ host: localhost(), query }))).toMatch(
      /^DATABASE_URL: the server’s certificate was not accepted \([A-Z_]+\)\. Name the file of its authority in sslrootcert/,
    );
  });

  test('without the required TLS version is refused, but accepted unencrypted with sslmode=prefer', async () => {
    await admin`alter system set ssl_max_protocol_version = 'TLSv1.2'`;
    await admin`select pg_reload_conf()`;
    try {
      const meaning = (mode: string) =>
        meaningOf(urlWith({ query: `?sslmode=${mode}&ssl_min_protocol_version=TLSv1.3` }));
      await expect.poll(() => meaning('require')).toContain('no TLS could be agreed on');
      expect(await meaning('prefer')).toEqual(plain);
    } finally {
      await admin`alter system reset ssl_max_protocol_version`;
      await admin`select pg_reload_conf()`;
    }
  });

  test('gets the client certificate of sslcert and sslkey', async () => {
    const query = `?sslmode=require&sslcert=${encoded('client')}&sslkey=${encoded('client-key')}`;
    const url = urlWith({ query });
    const { db, close } = openDatabase({ url, poolSize: 1, statementTimeoutMs: 5000 });
    const [row] = await db.execute(
      sql`select client_dn as name from pg_stat_ssl where pid = pg_backend_pid()`,
    );
    await close();
    expect(row).toEqual({ name: '/CN=portcullis' });
    expect(await meaningOf(url)).toEqual(encrypted);
  });
});
