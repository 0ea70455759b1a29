import {
  createRemoteJWKSet,
  importPKCS8,
  type JWTVerifyGetKey,
  customFetch as joseFetch,
  SignJWT,
} from 'jose';
import {
  allowInsecureRequests,
  type ClientAuth,
  ClientError,
  ClientSecretPost,
  Configuration,
  type CustomFetch,
  customFetch,
  discovery,
  type ServerMetadata,
} from 'openid-client';
import type { ProviderSettings } from '../config/config.ts';
import { baseOf, presetOf } from './presets.ts';
import { ProviderError, providerError } from './provider-error.ts';

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** What is needed to talk with a provider. */
export type Connection = Readonly<{
  client: Configuration;
  /** The issuer as it writes itself. */
  issuer: string;
  /** Finds the key of an ID token; null if the provider publishes none. */
  findKey: JWTVerifyGetKey | null;
  /** Whether the provider answers a code with an ID token, which then has the nonce. */
  hasIdToken: boolean;
}>;

/** How long a discovery document counts. */
const FRESH_MS = 60 * 60_000;
/** How long a failure counts: a provider that is down is not asked by every request. */
const PAUSE_MS = 5_000;
/** Between two looks for a key that is not known. */
const KEY_COOLDOWN_MS = 15_000;
const SECONDS_PER_REQUEST = 5;
const APPLE_SECRET_SECONDS = 24 * 60 * 60;

/** Makes Apple's client secret: a JWT that the operator's key signs. */
async function signAppleSecret(
  key: NonNullable<ProviderSettings['appleKey']>,
  clientId: string,
): Promise<string> {
  const privateKey = await importPKCS8(key.privateKey, 'ES256').catch(() => {
    throw new ProviderError('refused', 'The key of appleKey cannot be read.');
  });
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: key.keyId })
    .setIssuer(key.teamId)
    .setSubject(clientId)
    .setAudience('https://appleid.apple.com')
    .setIssuedAt()
    .setExpirationTime(`${APPLE_SECRET_SECONDS} s`)
    .sign(privateKey);
}

/** Remembers for a moment that a URL failed: jose asks again at once. */
function pauseAfterFailure(send: Fetch): Fetch {
  let failed: { at: number; error: unknown } | null = null;
  return async (url, init) => {
    if (failed !== null && Date.now() - failed.at < PAUSE_MS) throw failed.error;
    try {
      const response = await send(url, init);
      if (!response.ok)
        throw new ProviderError('unavailable', `The keys were answered with status ${response.status}.`);
      failed = null;
      return response;
    } catch (error) {
      failed = { at: Date.now(), error };
      throw error;
    }
  };
}

const remoteKeys = ({ jwks_uri: uri }: ServerMetadata, send: Fetch): JWTVerifyGetKey | null =>
  uri === undefined
    ? null
    : createRemoteJWKSet(new URL(uri), {
        [joseFetch]: pauseAfterFailure(send),
        timeoutDuration: SECONDS_PER_REQUEST * 1000,
        cooldownDuration: KEY_COOLDOWN_MS,
      });

async function connect(settings: ProviderSettings, send: Fetch): Promise<Connection> {
  const { clientId, clientSecret, appleKey } = settings;
  const secret = appleKey === undefined ? (clientSecret ?? '') : await signAppleSecret(appleKey, clientId);
  const { client, hasIdToken } = await findServer(settings, send, ClientSecretPost(secret));
  client[customFetch] = send as CustomFetch;
  client.timeout = SECONDS_PER_REQUEST;
  // The fetch refuses http, except to the private addresses that the operator allows.
  allowInsecureRequests(client);
  const metadata = client.serverMetadata();
  return { client, issuer: metadata.issuer, findKey: remoteKeys(metadata, send), hasIdToken };
}

type Found = { client: Configuration; hasIdToken: boolean };

async function findServer(settings: ProviderSettings, send: Fetch, secret: ClientAuth): Promise<Found> {
  const { metadata, readAccount } = presetOf(settings);
  const base = baseOf(settings);
  const known = (server: ServerMetadata): Found => ({
    client: new Configuration(server, settings.clientId, undefined, secret),
    hasIdToken: false,
  });
  if (metadata !== undefined && readAccount !== undefined) return known(metadata(base));
  try {
    return { client: await discover(base, settings, send, secret), hasIdToken: true };
  } catch (error) {
    const failure = providerError(error, 'Discovery');
    // Its endpoints are known, though it serves no discovery document.
    if (metadata !== undefined && failure.fault === 'invalid') return known(metadata(base));
    throw failure;
  }
}

/** The code of openid-client for a document that names another issuer. */
const OTHER_ISSUER = 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED';

/**
 * Reads the discovery document. The library's own configuration is kept, since it knows that an issuer of Entra ID stands for many
 * directories. Some issuers end in a slash, which the configuration of the gateway leaves out.
 */
async function discover(
  base: string,
  { clientId }: ProviderSettings,
  send: Fetch,
  secret: ClientAuth,
): Promise<Configuration> {
  const read = (issuer: string) =>
    discovery(new URL(issuer), clientId, undefined, secret, {
      [customFetch]: send as CustomFetch,
      timeout: SECONDS_PER_REQUEST,
      execute: [allowInsecureRequests],
    });
  try {
    return await read(base);
  } catch (error) {
    if (error instanceof ClientError && error.code === OTHER_ISSUER) return read(`${base}/`);
    throw error;
  }
}

/**
 * Returns what connects to a provider. One request asks for the discovery document, and the others wait for its answer. If a
 * document cannot be renewed, the former one goes on.
 */
export function createConnector(settings: ProviderSettings, send: Fetch): () => Promise<Connection> {
  let current: { connection: Connection; at: number } | null = null;
  let failure: { error: ProviderError; at: number } | null = null;
  let pending: Promise<Connection> | null = null;
  const renew = async (): Promise<Connection> => {
    try {
      const connection = await connect(settings, send);
      current = { connection, at: Date.now() };
      failure = null;
      return connection;
    } catch (error) {
      failure = { error: providerError(error, 'Discovery'), at: Date.now() };
      if (current !== null) return current.connection;
      throw failure.error;
    } finally {
      pending = null;
    }
  };
  return () => {
    if (current !== null && Date.now() - current.at < FRESH_MS) return Promise.resolve(current.connection);
    if (failure !== null && Date.now() - failure.at < PAUSE_MS)
      return current === null ? Promise.reject(failure.error) : Promise.resolve(current.connection);
    pending ??= renew();
    return pending;
  };
}
