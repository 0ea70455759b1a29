import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { jwtVerify } from 'jose';
import { startProcess } from '../boot/process.ts';
import {
  bearer,
  LOGIN,
  newPerson,
  PUBLIC_URL,
  post,
  SIGNUP,
  type SignedInAnswer,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { startEngine } from '../support/hasura/engine.ts';
import { type Ledger, type Statement, type Token, tokenOf, type Verdict } from './ledger.ts';
import { type CachingVerifier, fetchFrom, openVerifier, throughCache } from './verifiers.ts';

export type Replica = { url: string; stop(): Promise<unknown> };
/** Seconds for which a verifier may keep the JWKS. */
export const JWKS_MAX_AGE = 1;

type SignedIn = Pick<SignedInAnswer, 'accessToken' | 'refreshToken'>;

const REFRESH = 'mutation ($input: RefreshInput!) { refresh(input: $input) { accessToken refreshToken } }';

/** The environment of all replicas, in this process or another. */
export const sharedEnvironment = (variables: Record<string, string>): Record<string, string> => ({
  PUBLIC_URL,
  INTERNAL_ENDPOINTS_SECRET: randomBytes(32).toString('hex'),
  KEY_ENCRYPTION_KEYS: randomBytes(32).toString('base64'),
  RATE_LIMITS: 'off',
  ...variables,
});

/** Replicas that start and stop. Clients and verifiers ask any replica that is present. */
export function openReplicas(home: TestGateway, env: Record<string, string>) {
  const present = new Set<Replica>([{ url: home.url, stop: home.close }]);
  const enter = (replica: Replica): Replica => {
    present.add(replica);
    return replica;
  };
  return {
    present,
    any(): Replica {
      const all = [...present];
      return all[Math.floor(Math.random() * all.length)] ?? { url: home.url, stop: home.close };
    },
    async join(): Promise<Replica> {
      const { url, close } = await startGateway({ replicaOf: home });
      return enter({ url, stop: close });
    },
    async joinAsProcess(): Promise<Replica> {
      const { url, end } = await startProcess({ ...env, DATABASE_URL: home.databaseUrl });
      return enter({ url, stop: () => end('SIGKILL') });
    },
    /** As a load balancer does: the replica gets no new clients, and then it stops. */
    async leave(replica: Replica): Promise<void> {
      present.delete(replica);
      await replica.stop();
    },
    /** Stops the replica while clients are still sent to it. */
    async die(replica: Replica): Promise<void> {
      await replica.stop();
      present.delete(replica);
    },
  };
}
export type Replicas = ReturnType<typeof openReplicas>;

type Answer = { data?: Record<string, unknown> | null; errors?: { message: string }[] };

/** Null if the replica is gone: then it says nothing about a token. */
async function ask(url: string, query: string, variables: object, token?: string): Promise<Answer | null> {
  const answer = await post(url, { query, variables }, token === undefined ? {} : bearer(token)).catch(
    () => null,
  );
  return answer === null ? null : (answer.body as Answer);
}

/** A query for the gateway, and a query that Hasura answers alone. */
const ASKED = { me: '{ me { id } }', rows: '{ portcullis_users { id } }' };

/** Whether a server accepts a token; null if the server does not answer. */
async function askFor(what: keyof typeof ASKED, url: string, token: string): Promise<Verdict | null> {
  const answer = await ask(url, ASKED[what], {}, token);
  if (answer === null) return null;
  if (answer.data?.me ?? answer.data?.portcullis_users) return { passed: true };
  return { passed: false, reason: JSON.stringify(answer.errors ?? answer) };
}

/**
 * Engines that restart one after another, each with the keys of its start, and one engine that stays. The latter checks its
 * keys at intervals and fetches them again when they are too old.
 */
export async function openHasura(home: TestGateway, now: () => number, lookEveryMs: number) {
  const options = { gateway: home, databaseUrl: home.databaseUrl };
  const lasting = await startEngine({ ...options, jwksPollMs: lookEveryMs });
  const start = async () => {
    const startedAt = now();
    return {
      startedAt,
      engine: await startEngine(options),
    };
  };
  let current = await start();
  return {
    current: () => ({ url: current.engine.url, startedAt: current.startedAt }),
    lasting: () => ({ url: lasting.url, keysOf: now() - 1000 * JWKS_MAX_AGE - lookEveryMs }),
    async restart(): Promise<void> {
      const before = current;
      current = await start();
      await before.engine.close();
    },
    async close() {
      // One after the other: both take back grants on the same tables.
      await current.engine.close();
      await lasting.close();
    },
  };
}
type Hasura = Awaited<ReturnType<typeof openHasura>>;

/** Verifiers in all phases of their caches. Some miss fetches, and some ask through an HTTP cache. */
export async function openVerifiers(replicas: Replicas, now: () => number, lookEveryMs: number) {
  const direct = fetchFrom(() => replicas.any().url, now);
  const cached = throughCache(direct, now);
  const verifiers: CachingVerifier[] = [];
  const timers: NodeJS.Timeout[] = [];
  const looks = new Set<Promise<void>>();
  for (const source of [direct, cached, direct, cached, direct, cached]) {
    const failsEvery = verifiers.length < 2 ? Number.POSITIVE_INFINITY : 2;
    const verifier = await openVerifier(source, { now, failsEvery });
    verifiers.push(verifier);
    const look = () => {
      const looked = verifier.look().finally(() => looks.delete(looked));
      looks.add(looked);
    };
    timers.push(setInterval(look, lookEveryMs));
    await sleep((1.3 * lookEveryMs) / 6);
  }
  return {
    all: verifiers as readonly CachingVerifier[],
    async close(): Promise<void> {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(looks);
    },
  };
}

export type Stage = {
  ledger: Ledger;
  replicas: Replicas;
  hasura: Hasura;
  verifiers: readonly CachingVerifier[];
};

async function askVerifier({ ledger }: Stage, verifier: CachingVerifier, token: Token): Promise<void> {
  const from = ledger.now();
  const { find, askedAt } = verifier.held();
  const options = { issuer: PUBLIC_URL, audience: 'hasura', clockTolerance: 30 };
  const verdict: Verdict = await jwtVerify(token.text, find, options).then(
    () => ({ passed: true }),
    (error: Error) => ({ passed: false, reason: error.message }),
  );
  ledger.stated({ by: 'verifier', token, verdict, from, to: ledger.now(), keysOf: askedAt });
}

async function askServer(
  { ledger }: Stage,
  { by, url, keysOf }: Pick<Statement, 'by'> & { url: string; keysOf?: number },
  token: Token,
): Promise<void> {
  const from = ledger.now();
  const verdict = await askFor(by === 'Hasura’s rows' ? 'rows' : 'me', url, token.text);
  const to = ledger.now();
  if (verdict !== null) ledger.stated({ by, token, verdict, from, to, keysOf: keysOf ?? to });
}

/** Shows a token to every verifier, gateway and Hasura at once. */
export async function showEverywhere(stage: Stage, token: Token): Promise<void> {
  const hasura = stage.hasura.current();
  await Promise.all([
    ...stage.verifiers.map((verifier) => askVerifier(stage, verifier, token)),
    ...[...stage.replicas.present].map(({ url }) =>
      askServer(stage, { by: 'gateway', url: `${url}/graphql` }, token),
    ),
    askServer(stage, { by: 'Hasura', url: hasura.url, keysOf: hasura.startedAt }, token),
    askServer(stage, { by: 'Hasura’s rows', ...stage.hasura.lasting() }, token),
  ]);
}

/** Signs in or refreshes at any replica. Null if that replica is gone. */
async function signInSomewhere(
  stage: Stage,
  field: 'signup' | 'login' | 'refresh',
  request: { query: string; variables: object },
): Promise<SignedIn | null> {
  const { url } = stage.replicas.any();
  const from = stage.ledger.now();
  const answer = await ask(`${url}/graphql`, request.query, request.variables);
  if (answer === null) return null;
  const signedIn = answer.data?.[field] as SignedIn | null | undefined;
  if (!signedIn) {
    stage.ledger.wentWrong(`${field} failed`, { errors: answer.errors });
    return null;
  }
  stage.ledger.signedIn(tokenOf(signedIn.accessToken), from);
  return signedIn;
}

/** A person who signs in and refreshes. Each token is shown everywhere at once, together with an earlier one. */
export async function useTokens(stage: Stage, isOver: () => boolean): Promise<void> {
  const person = newPerson();
  const { email, password } = person;
  const login = { query: LOGIN, variables: { input: { email, password } } };
  let held = await signInSomewhere(stage, 'signup', { query: SIGNUP, variables: { input: person } });
  let earlier: Token[] = [];
  while (!isOver()) {
    const isRefresh = held !== null && Math.random() < 0.75;
    held = isRefresh
      ? await signInSomewhere(stage, 'refresh', {
          query: REFRESH,
          variables: { input: { refreshToken: held?.refreshToken } },
        })
      : await signInSomewhere(stage, 'login', login);
    if (held === null) continue;
    const token = tokenOf(held.accessToken);
    earlier = [...earlier.filter(({ endsAt }) => Date.now() < endsAt), token];
    const any = earlier[Math.floor(Math.random() * earlier.length)] ?? token;
    await Promise.all([token, any].map((each) => showEverywhere(stage, each)));
  }
}
