import { decodeJwt } from 'jose';
import { type Accounts, startAccounts } from '../accounts/accounts.ts';
import {
  newPerson,
  type Person,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { openLogin } from '../support/hasura/login.ts';

export const REFRESH = /* GraphQL */ `
  mutation Refresh($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken teamToken } }
`;
export const SWITCH = /* GraphQL */ `
  mutation Switch($input: SwitchTeamInput!) { switchTeam(input: $input) { teamToken } }
`;

const LIMITS = { LIMIT_SIGNUP_PER_ADDRESS: '1000/60', LIMIT_RENEWALS_PER_SESSION: '1000/60' };

export type Tokens = Pick<SignedInAnswer, 'accessToken' | 'refreshToken' | 'teamToken'>;
type Member = Person & SignedInAnswer;
type Profile = Partial<Readonly<{ orgId: number; plan: string; tags: string[] }>>;

export type Stage = Readonly<{
  accounts: Accounts;
  /** A gateway without CLAIMS_SQL. */
  plain: TestGateway;
  /** A gateway whose claims come from the view `app.user_claims`. */
  gateway: TestGateway;
  /** Starts a replica that reads claims with a statement. */
  withClaims: (sql: string, env?: Record<string, string>) => Promise<TestGateway>;
  /** Runs work with a gateway that reads claims with a statement. */
  reading: <Result>(
    sql: string,
    work: (gateway: TestGateway) => Promise<Result>,
    env?: Record<string, string>,
  ) => Promise<Result>;
  /** Signs a new person up, at the gateway without CLAIMS_SQL unless given. */
  join: (at?: TestGateway) => Promise<Member>;
  /** Writes the row of the view `app.user_claims` of a user. */
  describeUser: (userId: string, profile?: Profile) => Promise<unknown>;
  refresh: (tokens: Pick<Tokens, 'refreshToken'>, at?: TestGateway) => Promise<Tokens>;
  close: () => Promise<void>;
}>;

/** Starts gateways whose database has an application's view of claims, which Hasura's database role may read. */
export async function startStage(): Promise<Stage> {
  const accounts = await startAccounts(LIMITS);
  const plain = accounts.gateway;
  const hasura = await openLogin(plain.databaseUrl);
  await plain.sql.unsafe(`
    create schema app;
    grant usage on schema app to ${hasura.role};
    alter default privileges in schema app grant select on tables to ${hasura.role};
    create table app.profiles (
      user_id uuid primary key references portcullis.users (id) on delete cascade,
      org_id bigint, plan text, tags text[]);
    create view app.user_claims as select user_id, org_id, plan, tags from app.profiles`);
  const withClaims: Stage['withClaims'] = (sql, env = {}) =>
    startGateway({ replicaOf: plain, env: { CLAIMS_SQL: sql, ...env } });
  const gateway = await withClaims('app.user_claims');
  return {
    ...{ accounts, plain, gateway, withClaims },
    reading: async (sql, work, env) => {
      const replica = await withClaims(sql, env);
      try {
        return await work(replica);
      } finally {
        await replica.close();
      }
    },
    join: async (at = plain) => {
      const person = newPerson();
      return { ...person, ...(await signUp(at, person)) };
    },
    describeUser: (userId, { orgId = 7, plan = 'free', tags = ['a'] } = {}) => plain.sql`
      insert into app.profiles values (${userId}, ${orgId}, ${plan}, ${tags})
      on conflict (user_id) do update set org_id = excluded.org_id, plan = excluded.plan, tags = excluded.tags`,
    refresh: async ({ refreshToken }, at = gateway) =>
      (await at.graphql<{ refresh: Tokens }>(REFRESH, { input: { refreshToken } })).refresh,
    close: async () => {
      await gateway.close();
      await hasura.close();
      await accounts.close();
    },
  };
}

export const hasuraClaims = (token: string | null | undefined) =>
  decodeJwt(token ?? '')['https://hasura.io/jwt/claims'] as Record<string, unknown>;

/** The names of the gateway's own claims. */
export const OWN =
  /^x-hasura-(?:allowed-roles|default-role|user-id|session-id|token-kind|auth-level|team-id|team-role)$/;

/** The claims that are not the gateway's own. */
export const claimsOf = (token: string | null | undefined) =>
  Object.fromEntries(Object.entries(hasuraClaims(token)).filter(([name]) => !OWN.test(name)));

export const codesOf = async (failure: Promise<unknown>) =>
  ((await failure) as { extensions: { code: string } }[]).map(({ extensions }) => extensions.code);
