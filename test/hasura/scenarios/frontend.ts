import { setTimeout as wait } from 'node:timers/promises';
import { ClientError, GraphQLClient } from 'graphql-request';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { expect } from 'vitest';
import {
  bearer,
  newPerson,
  type Person,
  PUBLIC_URL,
  type SignedInAnswer,
  startGateway,
  type TestGateway,
} from '../../support/gateway.ts';
import { type Engine, type EngineOptions, isRealEngine, startEngine } from '../../support/hasura/engine.ts';
import { type Recorder, startRecorder } from '../../support/hasura/recorder.ts';

export type Headers = Record<string, string>;
type PublicError = { message: string; extensions: Record<string, unknown>; path?: readonly unknown[] };

/** A frontend or the console, which knows only Hasura's address. */
export type Frontend = {
  run<Data = Record<string, unknown>>(document: string, variables?: object): Promise<Data>;
  /** The errors of an operation that must fail, which leave no data. */
  refused(document: string, variables?: object): Promise<PublicError[]>;
  /** The whole answer, with its cookies. */
  raw(document: string, variables?: object): Promise<{ cookies: string[]; errors?: unknown; data?: unknown }>;
};

export type Stage = {
  gateway: TestGateway;
  engine: Engine;
  /** Without a token, with any headers that a page can send. */
  anonymous(headers?: Headers): Frontend;
  as(token: string, headers?: Headers): Frontend;
  console(headers?: Headers): Frontend;
  /** Moves Hasura's clock. A test cannot move a real engine's clock, so it waits that long. */
  pass(milliseconds: number): Promise<void>;
  /** A token with the same claims, signed the given seconds earlier. */
  aged(token: string, seconds: number): Promise<string>;
  /** The token in the newest mail to an address with a link for the purpose. */
  mailedToken(email: string, purpose: string): Promise<string>;
  close(): Promise<void>;
};

export type RecordedStage = Stage & { recorder: Recorder };
type Prepared = { engine: Partial<EngineOptions>; release(): Promise<unknown> };
export type StageOptions = {
  env?: Headers;
  engine?: Partial<EngineOptions>;
  /** Prepares the database of the gateway before Hasura starts. `release` runs after Hasura stopped. */
  prepare?: (gateway: TestGateway) => Promise<Prepared>;
};

/** A gateway, and Hasura in front of it. */
export async function openStage({ env = {}, engine = {}, prepare }: StageOptions = {}): Promise<Stage> {
  const gateway = await startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60', ...env } });
  if (prepare === undefined) return openBefore(gateway, gateway.url, engine);
  const prepared = await prepare(gateway).catch(async (error: unknown) => {
    await gateway.close();
    throw error;
  });
  const stage = await openBefore(gateway, gateway.url, { ...engine, ...prepared.engine });
  return {
    ...stage,
    async close() {
      await stage.engine.close();
      await prepared.release();
      await gateway.close();
    },
  };
}

/** The same, with a recorder between Hasura and the gateway. */
export async function openRecordedStage({
  env = {},
  engine = {},
}: StageOptions = {}): Promise<RecordedStage> {
  const gateway = await startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60', ...env } });
  const recorder = await startRecorder(gateway.url);
  const stage = await openBefore(gateway, recorder.url, engine);
  return {
    ...stage,
    recorder,
    async close() {
      await stage.close();
      await recorder.close();
    },
  };
}

async function openBefore(
  gateway: TestGateway,
  url: string,
  options: Partial<EngineOptions>,
): Promise<Stage> {
  let passed = 0;
  const engine = await startEngine({
    gateway: { url, secret: gateway.secret },
    databaseUrl: gateway.databaseUrl,
    now: () => Date.now() + passed,
    ...options,
  }).catch(async (error: unknown) => {
    await gateway.close();
    throw error;
  });
  return {
    gateway,
    engine,
    anonymous: (headers = {}) => frontend(engine.url, headers),
    as: (token, headers = {}) => frontend(engine.url, { ...bearer(token), ...headers }),
    console: (headers = {}) =>
      frontend(engine.url, { 'x-hasura-admin-secret': engine.adminSecret, ...headers }),
    async pass(milliseconds) {
      if (isRealEngine) await wait(Math.max(0, milliseconds));
      else passed += milliseconds;
    },
    aged: (token, seconds) => ageToken(gateway, token, seconds),
    mailedToken: (email, purpose) => mailedToken(gateway, email, purpose),
    async close() {
      await engine.close();
      await gateway.close();
    },
  };
}

export function frontend(url: string, headers: Headers): Frontend {
  const client = new GraphQLClient(url, { headers });
  return {
    run: (document, variables) => client.request({ document, variables: variables ?? {} }) as never,
    async refused(document, variables = {}) {
      const failure: unknown = await client.request(document, variables).catch((error: unknown) => error);
      if (!(failure instanceof ClientError)) return expect.fail(`It should have failed: ${String(failure)}`);
      expect(failure.response.status, failure.response.errors?.[0]?.message).toBe(200);
      expect(failure.response.data ?? null).toBeNull();
      return (failure.response.errors ?? []).map(({ message, extensions, path }) => ({
        message,
        extensions,
        ...(path && { path }),
      }));
    },
    async raw(document, variables = {}) {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: document, variables }),
      });
      const body = (await response.json()) as { errors?: unknown; data?: unknown };
      return { cookies: response.headers.getSetCookie(), ...body };
    },
  };
}

async function ageToken({ deps: { signer } }: TestGateway, token: string, seconds: number): Promise<string> {
  const { iat = 0, exp = 0, ...claims } = decodeJwt(token);
  const key = await signer.currentKey(exp - iat);
  expect(key.id).toBe(decodeProtectedHeader(token).kid);
  return signer.sign(key, { ...claims, iat: iat - seconds, exp: exp - seconds });
}

async function mailedToken({ deps }: TestGateway, email: string, purpose: string): Promise<string> {
  const link = new RegExp(`${PUBLIC_URL}/mail/${purpose}/([\\w.~-]+)`);
  let token: string | undefined;
  await expect
    .poll(() => {
      const mails = deps.mailInbox?.list().filter((mail) => JSON.stringify(mail).includes(email)) ?? [];
      token = mails.map(({ text }) => link.exec(text)?.[1]).find((found) => found !== undefined);
      return token;
    })
    .toBeDefined();
  return token ?? '';
}

const TOKENS = 'accessToken expiresAt refreshToken teamToken';
const SIGNED_IN = `${TOKENS} user { id email name emailVerified }`;
export const SIGNUP = `mutation Signup($input: SignupInput!) { signup(input: $input) { ${SIGNED_IN} } }`;
export const LOGIN = `mutation Login($input: LoginInput!) { login(input: $input) { ${SIGNED_IN} } }`;
export const VERIFY = `mutation Verify($input: VerifyEmailInput!) { verifyEmail(input: $input) { ${SIGNED_IN} } }`;
export const REFRESH = `mutation Refresh($input: RefreshInput) { refresh(input: $input) { ${SIGNED_IN} } }`;
export const LOGOUT = 'mutation Logout($input: LogoutInput) { logout(input: $input) { sessionsEnded } }';
export const ME = '{ me { id email } }';

export type SignedInPerson = Person & SignedInAnswer;

/** Signs up a person and verifies their address. */
export async function join(stage: Stage, overrides: Partial<Person> = {}): Promise<SignedInPerson> {
  const { teamName, ...person } = newPerson(overrides);
  const input = 'teamName' in overrides ? { ...person, teamName } : person;
  const { signup } = await stage.anonymous().run<{ signup: SignedInAnswer }>(SIGNUP, { input });
  const token = await stage.mailedToken(person.email, 'verify-email');
  await stage.anonymous().run(VERIFY, { input: { token, password: person.password } });
  return { ...person, ...signup };
}

/** The code of each error. */
export const codes = async (refused: Promise<PublicError[]>): Promise<unknown[]> =>
  (await refused).map(({ extensions }) => extensions.code);
