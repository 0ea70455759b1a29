import { decodeJwt } from 'jose';
import { bearer, type SignedInAnswer, type TestGateway } from '../support/gateway.ts';

export const CREATE = /* GraphQL */ `
  mutation Create($input: CreateAccessTokenInput!) {
    createAccessToken(input: $input) { token accessToken { id name roles createdAt lastUsedAt expiresAt } }
  }
`;
const LIST = '{ accessTokens { id name roles createdAt lastUsedAt expiresAt } }';
export const REVOKE =
  'mutation Revoke($input: RevokeAccessTokenInput!) { revokeAccessToken(input: $input) { ok } }';
export const EXCHANGE = /* GraphQL */ `
  mutation Exchange($input: SignInWithAccessTokenInput!) {
    signInWithAccessToken(input: $input) { accessToken expiresAt user { id } }
  }
`;

export type Listed = {
  id: string;
  name: string;
  roles: string[];
  createdAt: string;
  lastUsedAt: string | null;
  expiresAt: string;
};
export type Created = { token: string; accessToken: Listed };
export type Exchanged = { accessToken: string; expiresAt: string; user: { id: string } };

export const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();

/** Creates a personal access token, by default for a day and with all roles. */
export async function create(
  gateway: TestGateway,
  person: Pick<SignedInAnswer, 'accessToken'>,
  input: Record<string, unknown> = {},
): Promise<Created> {
  const complete = { name: 'CI', expiresAt: inHours(24), currentPassword: 'correct horse', ...input };
  const answer = await gateway.graphql<{ createAccessToken: Created }>(
    CREATE,
    { input: complete },
    bearer(person.accessToken),
  );
  return answer.createAccessToken;
}

export const list = async (
  gateway: TestGateway,
  person: Pick<SignedInAnswer, 'accessToken'>,
): Promise<Listed[]> =>
  (await gateway.graphql<{ accessTokens: Listed[] }>(LIST, {}, bearer(person.accessToken))).accessTokens;

/** Exchanges a personal access token, as a program does. */
export const exchange = async (gateway: TestGateway, token: string): Promise<Exchanged> =>
  (await gateway.graphql<{ signInWithAccessToken: Exchanged }>(EXCHANGE, { input: { token } }))
    .signInWithAccessToken;

/** Whether a personal access token can still be exchanged. */
export const isGood = (gateway: TestGateway, token: string): Promise<boolean> =>
  exchange(gateway, token).then(
    () => true,
    () => false,
  );

/** The code of the error, and its attribute. */
export async function refusal(
  gateway: TestGateway,
  document: string,
  input: object,
  headers: Record<string, string> = {},
): Promise<string> {
  const [error] = (await gateway.failure(document, { input }, headers)) as [
    { extensions: { code: string; attribute: string | null } },
  ];
  const { code, attribute } = error.extensions;
  return attribute === null ? code : `${code} (${attribute})`;
}

export const hasuraClaims = (
  token: string,
): Record<string, string> & { 'x-hasura-allowed-roles': string[] } =>
  decodeJwt(token)['https://hasura.io/jwt/claims'] as never;
