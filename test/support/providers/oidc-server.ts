import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { type Configuration, Provider } from 'oidc-provider';

/** A person at the provider. */
type Person = {
  sub: string;
  email?: string;
  email_verified?: boolean;
  name?: string;
  preferred_username?: string;
};

/** What the wrapper does to a request instead of, or after, the provider. Undefined: what the provider does. */
type Fault = (request: IncomingMessage, response: ServerResponse, next: RequestListener) => void;

export type OidcServer = {
  url: string;
  clientId: string;
  clientSecret: string;
  /** How often each path was asked. */
  asked: Map<string, number>;
  /** By path: what goes wrong. */
  faults: Map<string, Fault>;
  /** The people who may sign in, by `login_hint`. */
  people: Map<string, Person>;
  /** Changes the claims of the next ID tokens. */
  twist: ((claims: JWTPayload) => JWTPayload) | null;
  /** Makes an ID token with the server's key, or with a new key of the same id. */
  makeIdToken(claims: JWTPayload, options?: { foreignKey?: boolean; kid?: string }): Promise<string>;
  /** Replaces the signing key, as a provider does from time to time. */
  rotateKey(): Promise<void>;
  close(): Promise<void>;
};

type Key = { privateKey: CryptoKey; jwk: Record<string, unknown>; kid: string };

let keys = 0;

async function createKey(): Promise<Key> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  keys += 1;
  const kid = `key-${keys}`;
  return { privateKey, kid, jwk: { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' } };
}

const publicJwk = ({ jwk: { d: _, ...jwk } }: Key) => jwk;

const CLIENT = { clientId: 'gateway', clientSecret: 'a secret of the provider for its client' };

/** A real OpenID provider on loopback (oidc-provider), in which people sign in without a page, behind a wrapper that breaks it. */
export async function startOidcServer(redirectUri: string): Promise<OidcServer> {
  let key = await createKey();
  const people = new Map<string, Person>();
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(url, settings(key, people, redirectUri));
  const handle = provider.callback();
  const oidc: OidcServer = {
    url,
    ...CLIENT,
    asked: new Map(),
    faults: new Map(),
    people,
    twist: null,
    async makeIdToken(claims, { foreignKey = false, kid = key.kid } = {}) {
      const signing = foreignKey ? (await createKey()).privateKey : key.privateKey;
      return new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(signing);
    },
    async rotateKey() {
      key = await createKey();
    },
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? '', url).pathname;
    oidc.asked.set(path, (oidc.asked.get(path) ?? 0) + 1);
    const serve: RequestListener = (incoming, outgoing) => {
      if (path === '/jwks') return answerJson(outgoing, { keys: [publicJwk(key)] });
      if (path === '/token') return void twistTokens(oidc, handle, incoming, outgoing);
      if (path.startsWith('/interaction/'))
        return void finishInteraction(provider, people, incoming, outgoing);
      return void handle(incoming, outgoing);
    };
    const fault = oidc.faults.get(path);
    if (fault === undefined) serve(request, response);
    else fault(request, response, serve);
  });
  return oidc;
}

export function answerJson(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

const settings = (key: Key, people: Map<string, Person>, redirectUri: string): Configuration => ({
  clients: [
    {
      client_id: CLIENT.clientId,
      client_secret: CLIENT.clientSecret,
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'client_secret_post',
      id_token_signed_response_alg: 'ES256',
      grant_types: ['authorization_code', 'refresh_token'],
    },
  ],
  jwks: { keys: [key.jwk as never] },
  cookies: { keys: ['a key of the test'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
  conformIdTokenClaims: false,
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_context, { uid }) => `/interaction/${uid}` },
  pkce: { required: () => true },
  issueRefreshToken: async () => true,
  ttl: {
    AccessToken: 600,
    AuthorizationCode: 60,
    IdToken: 600,
    Interaction: 600,
    Session: 600,
    Grant: 600,
    RefreshToken: 600,
  },
  async findAccount(_context, sub) {
    const person = [...people.values()].find((each) => each.sub === sub);
    return person && { accountId: sub, claims: async () => ({ ...person }) };
  },
});

/** Signs in the person of `login_hint`, who agrees to everything. */
async function finishInteraction(
  provider: Provider,
  people: ReadonlyMap<string, Person>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { params, prompt, grantId } = await provider.interactionDetails(request, response);
  const accountId = people.get(String(params.login_hint))?.sub ?? '';
  if (prompt.name === 'login')
    return provider.interactionFinished(request, response, { login: { accountId, remember: false } });
  const grant =
    (grantId === undefined ? undefined : await provider.Grant.find(grantId)) ??
    new provider.Grant({ accountId, clientId: CLIENT.clientId });
  grant.addOIDCScope(String(params.scope));
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } });
}

/** Lets the provider answer a code, and changes the ID token of the answer. */
async function twistTokens(
  oidc: OidcServer,
  handle: RequestListener,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  const end = response.end.bind(response);
  response.write = ((chunk: Buffer) => chunks.push(Buffer.from(chunk)) > 0) as typeof response.write;
  response.end = ((chunk?: Buffer) => {
    if (chunk !== undefined) chunks.push(Buffer.from(chunk));
    void finish(oidc, Buffer.concat(chunks).toString(), (body) => {
      response.setHeader('content-length', Buffer.byteLength(body));
      end(body);
    });
    return response;
  }) as typeof response.end;
  handle(request, response);
}

async function finish(oidc: OidcServer, text: string, send: (body: string) => void): Promise<void> {
  const answer = JSON.parse(text) as { id_token?: string };
  if (answer.id_token === undefined) return send(text);
  const claims = JSON.parse(
    Buffer.from(answer.id_token.split('.')[1] ?? '', 'base64url').toString(),
  ) as JWTPayload;
  send(JSON.stringify({ ...answer, id_token: await oidc.makeIdToken(oidc.twist?.(claims) ?? claims) }));
}
