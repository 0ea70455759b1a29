import { describe, expect, test } from 'vitest';
import { DatabaseUrlError, readDatabaseUrl } from '../../src/config/database-url.ts';
import { problemsOf } from './problems.ts';

const read = (url: string) => {
  const { host, port, socketPath, user, password, database, tls, settings } = readDatabaseUrl(url);
  const place = socketPath ?? `${host} ${port}`;
  return { place, user, password, database, mode: tls.mode, settings };
};

function problemOf(url: string, variable?: string): string {
  try {
    readDatabaseUrl(url, variable);
  } catch (error) {
    if (error instanceof DatabaseUrlError) return error.message;
    throw error;
  }
  return expect.fail(`It should have been refused: ${url}`);
}

describe('a database URL', () => {
  test.each<[string, string]>([
    ['postgres://app:secret@db.example.com:5433/app', 'db.example.com 5433'],
    ['postgresql://app:secret@db.example.com/app', 'db.example.com 5432'],
    ['POSTGRES://app:secret@db.example.com:/app', 'db.example.com 5432'],
    ['postgres://app:secret@[::1]:5433/app', '::1 5433'],
    ['postgres://app:secret@[fe80::1%25eth0]/app', 'fe80::1%eth0 5432'],
    ['postgres://app:secret@%2Fvar%2Frun%2Fpostgresql/app', '/var/run/postgresql/.s.PGSQL.5432'],
    ['postgres://app:secret@%2fvar%2frun%2fpostgresql%2f:5433/app', '/var/run/postgresql/.s.PGSQL.5433'],
    ['postgres://app:secret@/app?host=/var/run/postgresql&port=5433', '/var/run/postgresql/.s.PGSQL.5433'],
    ['postgres://app:secret@/app?host=/tmp', '/tmp/.s.PGSQL.5432'],
    ['postgres://app:secret@db.example.com?dbname=app', 'db.example.com 5432'],
    ['  postgres://app:secret@db.example.com/app\n', 'db.example.com 5432'],
  ])('names its server: %s', (url, place) => {
    expect(read(url)).toMatchObject({ place, user: 'app', password: 'secret', database: 'app' });
  });

  test.each<[string, string]>([
    ['secret', 'secret'],
    ['', ''],
    ['p%40ss%2Fw%3Ard%3F%23%25%5B%5D', 'p@ss/w:rd?#%[]'],
    ['p%C3%A4ss', 'päss'],
    ['p+ss w', 'p+ss w'],
    // Not encoded, but unambiguous.
    ['p@ss', 'p@ss'],
    ['p:ss', 'p:ss'],
    ['p?s=s&', 'p?s=s&'],
    ['p#ss', 'p#ss'],
  ])('may spell its password %j', (written, password) => {
    expect(read(`postgres://app:${written}@db.example.com/app`)).toMatchObject({ user: 'app', password });
  });

  test('may have any character in its user and database', () => {
    expect(read('postgres://a%40pp:x@db.example.com/%2Fd%3Fb')).toMatchObject({
      user: 'a@pp',
      database: '/d?b',
    });
    expect(read('postgres://h/?user=app&password=p%26x&dbname=d')).toMatchObject({
      ...{ user: 'app', password: 'p&x', database: 'd' },
    });
  });
});

test.each<[string, string]>([
  ['', 'prefer'],
  ['?sslmode=disable', 'disable'],
  ['?sslmode=allow', 'prefer'],
  ['?sslmode=prefer', 'prefer'],
  ['?sslmode=require', 'require'],
  ['?sslmode=require&sslrootcert=/ca.pem', 'verify-ca'],
  ['?sslmode=verify-ca&sslrootcert=/ca.pem', 'verify-ca'],
  ['?sslmode=verify-full', 'verify-full'],
  ['?sslmode=verify-full&sslrootcert=system', 'verify-full'],
  ['?sslrootcert=system', 'verify-full'],
  // Spellings of other drivers.
  ['?sslmode=no-verify', 'require'],
  ['?ssl=true', 'verify-full'],
  ['?ssl=require', 'require'],
  ['?ssl=false', 'disable'],
])('the query %j of a database URL sets the TLS mode %s', (query, mode) => {
  expect(read(`postgres://app:secret@h/app${query}`)).toMatchObject({ mode });
});

test.each([
  ...['channel_binding=prefer', 'channel_binding=disable', 'gssencmode=prefer', 'gssencmode=disable'],
  ...['keepalives=1&keepalives_idle=30&keepalives_interval=5&keepalives_count=3&tcp_user_timeout=9'],
  ...['target_session_attrs=any', 'target_session_attrs=read-write', 'target_session_attrs=primary'],
  ...['client_encoding=UTF8', 'client_encoding=utf-8', 'fallback_application_name=x', 'sslcompression=0'],
  ...['krbsrvname=postgres', 'sslsni=1', 'sslnegotiation=postgres', 'load_balance_hosts=disable'],
  ...[
    'ssl_min_protocol_version=TLSv1.2',
    'replication=false',
    'supa=base-pooler.x',
    'uselibpqcompat=true',
    '',
  ],
])('the parameter %s of a database URL changes nothing', (query) => {
  expect(read(`postgres://app:secret@h/app?${query}`)).toEqual(read('postgres://app:secret@h/app'));
});

test('a database URL may set the application’s name, the timeout, session settings and PgBouncer', () => {
  const options = encodeURIComponent('-c work_mem=64MB  --jit=off -cmy.words=two\\ words');
  const url = `postgres://app:secret@h/app?application_name=auth&connect_timeout=10&options=${options}&pgbouncer=true`;
  expect(readDatabaseUrl(url)).toMatchObject({
    applicationName: 'auth',
    connectTimeoutSeconds: 10,
    settings: { work_mem: '64MB', jit: 'off', 'my.words': 'two words' },
    behindPgBouncer: true,
  });
});

describe('bad database URLs', () => {
  test.each<[string, string]>([
    ['', 'must be a postgres URL'],
    ['db.example.com', 'must be a postgres URL'],
    ['"postgres://app:hunter2@h/app"', 'must be a postgres URL'],
    ['jdbc:postgresql://h/app?user=app&password=hunter2', 'must be a postgres URL'],
    ['mysql://app:hunter2@h/app', 'must be a postgres URL'],
    ['host=h dbname=app password=hunter2', 'key words'],
    ['postgres://app:hunter2@h/app\n?x', 'line break'],
    ['postgres://app:hunter2@a,b/app', 'several hosts'],
    ['postgres://app:hunter2@a:5432,b:5433/app', 'several hosts'],
    ['postgres://app:hunter2@/app?host=a,b', 'several hosts'],
    ['postgres://app:hunter2@/app', 'names no host'],
    ['postgres:///app', 'names no host'],
    ['postgres://h/app', 'names no user'],
    ['postgres://:hunter2@h/app', 'names no user'],
    ['postgres://app:hunter2@h', 'names no database'],
    ['postgres://app:hunter2@h/', 'names no database'],
    ['postgres://app:hunter2@::1/app', 'brackets'],
    ['postgres://app:hunter2@[::1/app', 'brackets'],
    ['postgres://app:hunter2@[::1]x/app', 'brackets'],
    ['postgres://app:hunter2@h:port/app', 'port'],
    ['postgres://app:hunter2@h:0/app', 'port'],
    ['postgres://app:hunter2@h:65536/app', 'port'],
    ['postgres://app:hunter2@h h/app', 'host'],
    ['postgres://app:hunter2%zz@h/app', 'password has a %'],
    ['postgres://app:hunter2%@h/app', 'password has a %'],
    ['postgres://app:hunter2%ff@h/app', 'password is not UTF-8'],
    ['postgres://app:hunter2%00@h/app', 'password holds %00'],
    ['postgres://ap%zz:hunter2@h/app', 'user has a %'],
    ['postgres://app:hunter2@h%zz/app', 'host has a %'],
    ['postgres://app:hunter2@h/a%zz', 'database has a %'],
    ['postgres://app:hunter/2@h/app', 'write a / in the user or the password as %2F'],
    ['postgres://app:1/hunter2?hunter2=hunter2@h/app', 'write a / in the user or the password as %2F'],
    ['postgres://app:hunter2@h/app?sslmode', 'name=value'],
    ['postgres://app:hunter2@h/app?a=b=c', 'name=value'],
    ['postgres://app:hunter2@h/app?sslmode=require&sslmode=disable', 'the URL has sslmode twice'],
    ['postgres://app:hunter2@h/app?sslmode=sometimes', 'sslmode is not'],
    ['postgres://app:hunter2@h/app?sslmode=require&ssl=false', 'ssl is not'],
    ['postgres://app:hunter2@h/app?sslmode=verify-ca', 'sslrootcert'],
    ['postgres://app:hunter2@h/app?sslmode=require&sslrootcert=system', 'sslmode=verify-full'],
    ['postgres://app:hunter2@h/app?sslrootcert=/ca.pem', 'sslrootcert needs sslmode'],
    ['postgres://app:hunter2@h/app?sslmode=require&sslcert=/c.pem', 'sslcert and sslkey'],
    ['postgres://app:hunter2@h/app?channel_binding=require', 'channel_binding'],
    ['postgres://app:hunter2@h/app?gssencmode=require', 'gssencmode'],
    ['postgres://app:hunter2@h/app?require_auth=scram-sha-256', 'require_auth'],
    ['postgres://app:hunter2@h/app?target_session_attrs=standby', 'target_session_attrs'],
    ['postgres://app:hunter2@h/app?client_encoding=LATIN1', 'client_encoding'],
    ['postgres://app:hunter2@h/app?connect_timeout=0', 'connect_timeout'],
    ['postgres://app:hunter2@h/app?connect_timeout=soon', 'connect_timeout'],
    ['postgres://app:hunter2@h/app?hostaddr=127.0.0.1', 'hostaddr'],
    ['postgres://app:hunter2@h/app?service=main', 'service'],
    ['postgres://app:hunter2@h/app?passfile=/x', 'passfile'],
    ['postgres://app:hunter2@h/app?options=endpoint%3Dep-1', 'options'],
    ['postgres://app:hunter2@h/app?options=-c%20DateStyle%3DGerman', 'options sets DateStyle'],
    ['postgres://app:hunter2@h/app?options=--search-path%3Dx', 'options sets search_path'],
    ['postgres://app:hunter2@h/app?schema=public', 'schema'],
    ['postgres://app:hunter2@h/app?connection_limit=1', 'DATABASE_POOL_SIZE'],
    ['postgres://app:hunter2@h/app?statement_timeout=1', 'DATABASE_STATEMENT_TIMEOUT_MS'],
    ['postgres://app:hunter2@h/app?prepareThreshold=0', 'DATABASE_PREPARE'],
    ['postgres://app:hunter2@h/app?sslaccept=strict', 'sslaccept'],
    ['postgres://app:hunter2@h/app?SSLMODE=require', 'the parameter SSLMODE'],
    ['postgres://app:hunter2@h/app?work_mem=1', 'options=-c'],
    ['postgres://app:hunter2@h/app?hunter2%20=1', 'the parameter in it'],
  ])('%j is refused: %s', (url, words) => {
    const problem = problemOf(url);
    expect(problem).toContain(words);
    expect(problem).toMatch(/^DATABASE_URL: .*\.$/);
    expect(problem).not.toContain('hunter');
  });
});

test('an error names the variable that holds the URL', () => {
  expect(problemOf('mysql://x', 'HASURA_SOURCE_DATABASE_URL')).toMatch(/^HASURA_SOURCE_DATABASE_URL: /);
});

test('readConfig names the variable of a bad URL and of a missing certificate file', () => {
  expect(
    problemsOf({
      DATABASE_URL: 'postgres://app:hunter2@h/app?schema=public',
      DATABASE_DIRECT_URL: 'postgres://app:hunter2@h/app?sslmode=verify-full&sslrootcert=/no/such.pem',
    }),
  ).toEqual([
    expect.stringMatching(/^DATABASE_URL: schema /),
    expect.stringMatching(/^DATABASE_DIRECT_URL: the file of sslrootcert cannot be read \(ENOENT\)/),
  ]);
  expect(problemsOf({ DATABASE_DIRECT_URL: 'postgres://app:x@h/app' })).toEqual([
    'DATABASE_DIRECT_URL: needs DATABASE_URL',
  ]);
  expect(problemsOf({ DATABASE_URL: 'postgres://app:x@h/app', DATABASE_PREPARE: 'perhaps' })).toHaveLength(1);
});
