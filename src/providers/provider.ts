import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  type Configuration,
  fetchProtectedResource,
  fetchUserInfo,
  skipSubjectCheck,
  type TokenEndpointResponse,
} from 'openid-client';
import type { ProviderSettings } from '../config/config.ts';
import { type ProviderAccount, type ProviderTokens, toAccount } from './account.ts';
import { type Claims, isTrueClaim, textClaim, toClaims } from './claims.ts';
import { type Connection, createConnector, type Fetch } from './connection.ts';
import { type IdTokenClaims, verifyIdToken } from './id-token.ts';
import { baseOf, presetOf } from './presets.ts';
import { ProviderError, providerError } from './provider-error.ts';

/** What begins a sign-in at a provider. */
type AuthorizationRequest = Readonly<{
  redirectUri: string;
  state: string;
  nonce: string;
  /** The S256 challenge of PKCE between gateway and provider. */
  codeChallenge: string;
  /** Scopes beside those that are always asked for. */
  scopes: readonly string[];
  /** Other parameters for the provider: `prompt`, `login_hint`, … */
  extra: Readonly<Record<string, string>>;
}>;

/** What came back to the redirect URI, and what belongs to it. */
type AuthorizationResponse = Readonly<{
  redirectUri: string;
  /** The parameters of the query or of the form. */
  parameters: Readonly<Record<string, string>>;
  state: string;
  nonce: string;
  codeVerifier: string;
}>;

type SignedInAccount = Readonly<{ account: ProviderAccount; tokens: ProviderTokens }>;

/** An ID token that a client got from the provider itself. */
type ShownIdToken = Readonly<{ idToken: string; accessToken?: string | undefined }>;

/** A provider by which people sign in. */
export type Provider = Readonly<{
  name: string;
  /** The name, and those by which imports stored its identities. */
  knownAs: readonly string[];
  /** The issuer, or the base URL, as the operator configured it. */
  issuer: string;
  /** Whether the provider lets the browser post its answer. */
  formPost: boolean;
  /** @throws ProviderError */
  authorizationUrl(request: AuthorizationRequest): Promise<URL>;
  /** Exchanges the code of an answer, and reads the account. @throws ProviderError */
  redeem(response: AuthorizationResponse): Promise<SignedInAccount>;
  /**
   * Verifies an ID token that a client shows. The caller looks at the nonce, and uses the token up.
   * @throws ProviderError
   */
  verify(shown: ShownIdToken): Promise<{ account: ProviderAccount; nonce: string | null; expiresAt: Date }>;
}>;

/** Scopes, each once. */
const joinScopes = (...lists: readonly (readonly string[])[]): string => [...new Set(lists.flat())].join(' ');

/** What Apple's form says about the person the first time: `{"name":{"firstName":"…","lastName":"…"}}`. It is not signed. */
function appleName(user: string | undefined): string | null {
  try {
    const name = toClaims(toClaims(JSON.parse(user ?? '')).name);
    const full = [textClaim(name, 'firstName'), textClaim(name, 'lastName')]
      .filter((part) => part !== null)
      .join(' ');
    return full === '' ? null : full;
  } catch {
    return null;
  }
}

const MAX_SUBJECT_LENGTH = 255;

/** Whether a text is what the database can hold as the subject of an identity. */
const isSubject = (text: string): boolean =>
  text !== '' && text.length <= MAX_SUBJECT_LENGTH && text.isWellFormed() && !text.includes('\0');

function readAccount(
  claims: Claims & { iss: string; sub: string },
  { issuer: named }: Connection,
  settings: ProviderSettings,
  name: string | null,
): ProviderAccount {
  const { iss: issuer, sub: subject } = claims;
  if (!isSubject(subject))
    throw new ProviderError('invalid', 'The provider named no subject that can be stored.');
  const email = textClaim(claims, 'email');
  const { isVerified } = presetOf(settings);
  const stated = isVerified?.(claims, [baseOf(settings), named]) ?? isTrueClaim(claims, 'email_verified');
  return toAccount({
    ...{ issuer, subject, email },
    emailVerified: email !== null && (settings.trustEmails ?? stated),
    name: textClaim(claims, 'name') ?? name,
    picture: textClaim(claims, 'picture'),
    custom: { preferred_username: textClaim(claims, 'preferred_username'), hd: textClaim(claims, 'hd') },
  });
}

/** Reads a JSON answer of the provider's API. */
const asker = (client: Configuration, accessToken: string) => async (url: string) => {
  try {
    const response = await fetchProtectedResource(client, accessToken, new URL(url), 'GET');
    if (!response.ok) throw new ProviderError('invalid', `The provider answered ${response.status}.`);
    return (await response.json()) as unknown;
  } catch (error) {
    throw providerError(error, "A request to the provider's API");
  }
};

/** Asks the user-info endpoint. With an ID token, it must speak of the same person. @throws ProviderError */
async function askUserInfo({ client, issuer }: Connection, accessToken: string, subject: string | null) {
  try {
    const claims = await fetchUserInfo(client, accessToken, subject ?? skipSubjectCheck);
    return { ...claims, iss: issuer };
  } catch (error) {
    throw providerError(error, 'The request for user information');
  }
}

async function exchangeCode(
  { client, hasIdToken }: Connection,
  { redirectUri, parameters, state, nonce, codeVerifier }: AuthorizationResponse,
): Promise<TokenEndpointResponse> {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  const checks = { expectedState: state, pkceCodeVerifier: codeVerifier };
  try {
    return await authorizationCodeGrant(
      client,
      url,
      hasIdToken ? { ...checks, expectedNonce: nonce } : checks,
    );
  } catch (error) {
    throw providerError(error, 'The exchange of the code');
  }
}

/** Creates a provider. */
export function createProvider(settings: ProviderSettings, send: Fetch): Provider {
  const preset = presetOf(settings);
  const connect = createConnector(settings, send);
  const audiences = [settings.clientId, ...settings.clientIds];

  async function checkIdToken(
    connection: Connection,
    shown: ShownIdToken & { nonce?: string },
  ): Promise<IdTokenClaims> {
    const { findKey, issuer } = connection;
    if (findKey === null) throw new ProviderError('invalid', 'The provider has no ID tokens.');
    const { namesApplications = false } = preset;
    return verifyIdToken({ ...shown, issuer, audiences, findKey, namesApplications });
  }

  /** The claims of the ID token. The user-info endpoint completes them if they have no address. */
  async function findClaims(connection: Connection, answer: TokenEndpointResponse, nonce: string) {
    const { id_token: idToken, access_token: accessToken } = answer;
    if (idToken === undefined) return askUserInfo(connection, accessToken, null);
    const expected = connection.hasIdToken ? { nonce } : {};
    const claims = await checkIdToken(connection, { idToken, accessToken, ...expected });
    const { userinfo_endpoint: userInfo } = connection.client.serverMetadata();
    if (claims.email !== undefined || userInfo === undefined) return claims;
    return { ...(await askUserInfo(connection, accessToken, claims.sub)), ...claims };
  }

  return {
    name: settings.name,
    knownAs: [settings.name, ...(preset.formerNames ?? [])],
    issuer: baseOf(settings),
    formPost: preset.formPost ?? false,
    async authorizationUrl({ redirectUri, state, nonce, codeChallenge, scopes, extra }) {
      const { client, hasIdToken } = await connect();
      const url = buildAuthorizationUrl(client, {
        ...extra,
        redirect_uri: redirectUri,
        scope: joinScopes(preset.scopes, settings.scopes, scopes),
        state,
        code_challenge: codeChallenge,
        code_challenge_method: 'S256',
        ...(hasIdToken && { nonce }),
        ...(preset.formPost && { response_mode: 'form_post' }),
      });
      if (!/^https?:$/.test(url.protocol))
        throw new ProviderError('invalid', 'The authorization URL is not http.');
      return url;
    },
    async redeem(response) {
      const connection = await connect();
      const answer = await exchangeCode(connection, response);
      const tokens = { accessToken: answer.access_token, refreshToken: answer.refresh_token ?? null };
      if (preset.readAccount !== undefined) {
        const ask = asker(connection.client, answer.access_token);
        return { account: await preset.readAccount(ask, baseOf(settings)), tokens };
      }
      const claims = await findClaims(connection, answer, response.nonce);
      const name = appleName(response.parameters.user);
      return { account: readAccount(claims, connection, settings, name), tokens };
    },
    async verify(shown) {
      const connection = await connect();
      const claims = await checkIdToken(connection, shown);
      const nonce = typeof claims.nonce === 'string' ? claims.nonce : null;
      const account = readAccount(claims, connection, settings, null);
      return { account, nonce, expiresAt: new Date(claims.exp * 1000) };
    },
  };
}
