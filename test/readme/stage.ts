import { decodeProtectedHeader } from 'jose';
import type { TransactionSql } from 'postgres';
import { refresh } from '../../src/flows/sign-in/refresh.ts';
import { generateJwk } from '../../src/keys/jwks.ts';
import { newPerson, type Person, startGateway, type TestGateway } from '../support/gateway.ts';
import { startEngine } from '../support/hasura/engine.ts';
import { type Recorder, startRecorder } from '../support/hasura/recorder.ts';
import type { Tab } from './tabs.ts';

/** A gateway, Hasura in front of it, and a recorder between them. */
export type Stage = {
  gateway: TestGateway;
  recorder: Recorder;
  hasuraUrl: string;
  adminSecret: string;
  /** The number of operations of a name that Hasura has sent to the gateway. */
  sent(operation: string): number;
  /** Lets the access token of a tab expire. @returns the next refresh token, for a tab that keeps it in a cookie */
  expire(tab: Tab, inCookie?: string): Promise<string>;
  close(): Promise<void>;
};

// The tests move Hasura's clock often, and their tokens must outlast that.
const CALM = {
  ...{ LIMIT_SIGNUP_PER_ADDRESS: '1000/60', ACCESS_TOKEN_TTL: '86400' },
  // Statements wait a long time for locks that a test holds.
  DATABASE_STATEMENT_TIMEOUT_MS: '60000',
};

export async function openStage(env: Record<string, string> = {}): Promise<Stage> {
  const gateway = await startGateway({ env: { ...CALM, ...env } });
  // A second key, which Hasura knows from its start: it signs after a test has ended the other key.
  await generateJwk(gateway.deps);
  await gateway.sql`update portcullis.jwks set created_at = created_at - interval '1 hour'`;
  const recorder = await startRecorder(gateway.url);
  let passed = 0;
  const engine = await startEngine({
    gateway: { url: recorder.url, secret: gateway.secret },
    databaseUrl: gateway.databaseUrl,
    now: () => Date.now() + passed,
  });
  return {
    gateway,
    recorder,
    hasuraUrl: engine.url,
    adminSecret: engine.adminSecret,
    sent: (operation) => recorder.seen.filter(({ body }) => body.operationName === operation).length,
    async expire(tab, inCookie) {
      // A test can move Hasura's clock, but not the gateway's: later tokens must outlive the old one. So the tab first gets
      // a token of the same session that is valid for a second.
      const held = tab.stored();
      const by = { device: { address: null, userAgent: null } };
      const spent = { refreshToken: inCookie ?? held.refreshToken ?? '', ttlSeconds: 1 };
      const { accessToken, refreshToken } = await refresh(gateway.deps, by, spent);
      tab.store({ ...held, accessToken, refreshToken: inCookie === undefined ? refreshToken : null });
      passed += 32_000;
      return refreshToken;
    },
    async close() {
      await engine.close();
      await recorder.close();
      await gateway.close();
    },
  };
}

/** Ends the key that signed a tab's access token. A stage has two keys, so this works once. */
export async function endKey({ gateway: { sql } }: Stage, tab: Tab): Promise<void> {
  const { kid = '' } = decodeProtectedHeader(tab.stored().accessToken ?? '');
  await sql`update portcullis.jwks set expires_at = now() where id = ${kid}`;
}

/** Acts while the session of the tab's person is locked, so that a refresh of this person waits. */
export function holdingSession<Result>(
  { gateway }: Stage,
  tab: Tab,
  act: (sql: TransactionSql) => Promise<Result>,
): Promise<Result> {
  const { user } = tab.stored();
  return gateway.sql.begin(async (sql) => {
    await sql`select from portcullis.sessions where user_id = ${user?.id ?? ''} for update`;
    return act(sql);
  }) as Promise<Result>;
}

export const NEW_TEAM = 'mutation { createTeam(input: { name: "Analytical" }) { team { name } } }';

/** Signs up a new person in a tab. */
export async function signUp(tab: Tab, overrides: Partial<Person> = {}): Promise<Person> {
  const person = newPerson(overrides);
  await tab.signup(person);
  return person;
}

/** The code of an operation's error, in either client. */
export async function codeOf(refused: Promise<unknown>): Promise<unknown> {
  const error = await refused.then(
    (data) => Promise.reject(new Error(`It should have failed: ${JSON.stringify(data)}`)),
    (reason: { code?: string; response?: { errors?: { extensions: { code: string } }[] } }) => reason,
  );
  return error.response?.errors?.[0]?.extensions.code ?? error.code;
}
