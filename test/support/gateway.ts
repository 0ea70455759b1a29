import { randomBytes } from 'node:crypto';
import { ClientError, GraphQLClient } from 'graphql-request';
import postgres from 'postgres';
import { expect } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config/read-config.ts';
import { createLog } from '../../src/log.ts';
import { createTestDatabase } from './database.ts';

export const PUBLIC_URL = 'https://auth.example.com';

export type TestGateway = {
  url: string;
  /** The secret shared with Hasura. */
  secret: string;
  /** The environment variables of the gateway, which its replicas share. */
  environment: Readonly<Record<string, string>>;
  deps: App['deps'];
  /** Everything the gateway logged so far, as text. */
  logged(): string;
  /** Runs an operation over HTTP and returns its data; throws graphql-request's ClientError. */
  graphql<T = Record<string, unknown>>(
    document: string,
    variables?: object,
    headers?: Record<string, string>,
  ): Promise<T>;
  /** The `errors` of an operation that must fail, as callers see them: message, extensions and path. */
  failure(document: string, variables?: object, headers?: Record<string, string>): Promise<unknown>;
  /** POSTs JSON to a path. */
  post(
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; headers: Headers; body: unknown }>;
  /** A client of the gateway's database, to read rows and to change times. */
  sql: postgres.Sql;
  databaseUrl: string;
  close(): Promise<void>;
};

export type GatewayOptions = {
  /** Environment variables beside those that every test gateway has. */
  env?: Record<string, string>;
  /** Joins another gateway's database and keys: a second replica. */
  replicaOf?: TestGateway;
};

function lines(): { text(): string; write(line: string): void } {
  const written: string[] = [];
  return { text: () => written.join(''), write: (line) => void written.push(line) };
}

/** A whole gateway on a database of its own, over real HTTP. */
export async function startGateway({ env = {}, replicaOf }: GatewayOptions = {}): Promise<TestGateway> {
  const database = replicaOf === undefined ? await createTestDatabase() : null;
  const environment: Record<string, string> = {
    PORT: '0',
    PUBLIC_URL,
    DATABASE_URL: database?.url ?? replicaOf?.databaseUrl ?? '',
    DATABASE_POOL_SIZE: '5',
    INTERNAL_ENDPOINTS_SECRET: randomBytes(32).toString('hex'),
    KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
    // Only the tests of housekeeping switch it on.
    HOUSEKEEPING_SECONDS: '86400',
    ...replicaOf?.environment,
    ...env,
  };
  const config = readConfig(environment);
  const log = lines();
  const url = config.database.url ?? '';
  const app = await createApp({ ...config, database: { ...config.database, url } }, createLog('debug', log));
  const sql = postgres(url, { max: 2, onnotice: () => {} });
  const client = new GraphQLClient(`${app.url}/graphql`);
  return {
    environment,
    url: app.url,
    secret: config.internalSecrets[0] ?? '',
    deps: app.deps,
    logged: log.text,
    graphql: (document, variables, headers) =>
      client.request({ document, variables: variables ?? {}, requestHeaders: headers ?? {} }) as never,
    failure: (document, variables, headers) =>
      failureOf(client.request({ document, variables: variables ?? {}, requestHeaders: headers ?? {} })),
    post: (path, body, headers) => post(`${app.url}${path}`, body, headers),
    sql,
    databaseUrl: url,
    async close() {
      await sql.end({ timeout: 5 });
      await app.close();
      await database?.drop();
    },
  };
}

async function failureOf(request: Promise<unknown>): Promise<unknown> {
  const outcome: unknown = await request.catch((error: unknown) => error);
  if (!(outcome instanceof ClientError)) return expect.fail('The operation should have failed.');
  return outcome.response.errors?.map(({ message, extensions, path }) => ({
    message,
    extensions,
    ...(path && { path }),
  }));
}

export async function post(url: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === '' ? null : (JSON.parse(text) as unknown),
  };
}

let people = 0;

/** A person with an email address of their own. */
export const newPerson = (overrides: Partial<Person> = {}): Person => {
  people += 1;
  const unique = `${people}-${randomBytes(4).toString('hex')}`;
  return {
    email: `person-${unique}@example.com`,
    password: 'correct horse',
    name: 'Ada',
    teamName: 'Engines',
    ...overrides,
  };
};
export type Person = { email: string; password: string; name: string; teamName?: string };

export const SIGNUP = /* GraphQL */ `
  mutation Signup($input: SignupInput!) {
    signup(input: $input) { accessToken expiresAt refreshToken teamToken user { id email name emailVerified } }
  }
`;
export const LOGIN = /* GraphQL */ `
  mutation Login($input: LoginInput!) {
    login(input: $input) { accessToken expiresAt refreshToken teamToken user { id email name emailVerified } }
  }
`;
export const ME = /* GraphQL */ `
  query Me { me { id email name emailVerified memberships { role team { id name } } } }
`;

export type SignedInAnswer = {
  accessToken: string;
  expiresAt: string;
  refreshToken: string;
  teamToken: string | null;
  user: { id: string; email: string; name: string; emailVerified: boolean };
};

export async function signUp(gateway: TestGateway, person: Person = newPerson()): Promise<SignedInAnswer> {
  return (await gateway.graphql<{ signup: SignedInAnswer }>(SIGNUP, { input: person })).signup;
}

export async function logIn(
  gateway: TestGateway,
  { email, password }: Pick<Person, 'email' | 'password'>,
): Promise<SignedInAnswer> {
  return (await gateway.graphql<{ login: SignedInAnswer }>(LOGIN, { input: { email, password } })).login;
}

export const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

/** Whether the gateway accepts a person's access token. */
export const isSignedIn = (
  gateway: TestGateway,
  { accessToken }: Pick<SignedInAnswer, 'accessToken'>,
): Promise<boolean> =>
  gateway.graphql(ME, {}, bearer(accessToken)).then(
    () => true,
    () => false,
  );
