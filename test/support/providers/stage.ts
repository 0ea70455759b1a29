import { randomBytes } from 'node:crypto';
import { startGateway, type TestGateway } from '../gateway.ts';
import { newPkce } from '../pkce.ts';
import { freePort } from '../ports.ts';
import { type Browser, createBrowser } from './browser.ts';
import { type OidcServer, startOidcServer } from './oidc-server.ts';

export const SITE = 'https://app.example.com';

type Tokens = {
  access_token: string;
  refresh_token: string;
  provider_token?: string;
  provider_refresh_token?: string;
  user: Record<string, unknown> & { id: string };
};

/** A gateway, a provider on this machine, and browsers that sign in. */
export type ProviderStage = {
  gateway: TestGateway;
  oidc: OidcServer;
  /** Makes a person at the provider. */
  person(name: string, claims?: { email?: string; email_verified?: boolean }): { sub: string; email: string };
  /** Follows a browser from the gateway to the provider and back, and returns where the application gets it. */
  visit(path: string, options?: { as?: string }): Promise<URL>;
  /** The address of `/callback` to which the provider sends a browser, which has not gone there yet. */
  untilCallback(path: string, options: { browser: Browser; as: string }): Promise<URL>;
  /** Signs in with PKCE, and exchanges the code. */
  signIn(as: string): Promise<Tokens>;
  exchange(code: string, verifier: string): Promise<{ status: number; body: unknown }>;
  close(): Promise<void>;
};

export const pkce = () => {
  const { verifier, challenge } = newPkce();
  return { verifier, challenge, query: `code_challenge=${challenge}&code_challenge_method=s256` };
};

/** The parameters of a fragment. */
export const fragmentOf = (url: URL): Record<string, string> =>
  Object.fromEntries(new URLSearchParams(url.hash.slice(1)));

/** The parameters of the query, and those of the fragment. */
export const partsOf = (url: URL) => ({
  query: Object.fromEntries(url.searchParams),
  fragment: fragmentOf(url),
});

/** Opens a gateway whose provider `local` runs on this machine. */
export async function openProviderStage(env: Record<string, string> = {}): Promise<ProviderStage> {
  // The gateway's address has to be known to the provider, and the provider's to the gateway.
  const port = await freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const oidc = await startOidcServer(`${publicUrl}/callback`);
  const gateway = await startGateway({
    env: {
      PORT: String(port),
      PUBLIC_URL: publicUrl,
      APP_URL: SITE,
      REDIRECT_URLS: `${SITE}/**`,
      ALLOW_PRIVATE_ADDRESSES: 'on',
      OAUTH_PROVIDERS: JSON.stringify([
        { name: 'local', issuer: oidc.url, clientId: oidc.clientId, clientSecret: oidc.clientSecret },
      ]),
      ...env,
    },
  });
  const at = (path: string) => `${gateway.url}${path}`;

  function withPerson(path: string, as: string): string {
    return `${path}${path.includes('?') ? '&' : '?'}login_hint=${as}`;
  }
  const stage: ProviderStage = {
    gateway,
    oidc,
    person(name, claims = {}) {
      const sub = `${name}-${randomBytes(4).toString('hex')}`;
      const person = {
        sub,
        email: `${sub}@example.com`,
        email_verified: true,
        name: `${name} Other`,
        ...claims,
      };
      oidc.people.set(name, person);
      return person;
    },
    visit: (path, { as = 'ann' } = {}) => createBrowser().follow(at(withPerson(path, as)), SITE),
    untilCallback: (path, { browser, as }) => browser.follow(at(withPerson(path, as)), at('/callback')),
    async signIn(as) {
      const { verifier, query } = pkce();
      const back = await stage.visit(`/authorize?provider=local&${query}`, { as });
      const code = back.searchParams.get('code');
      if (code === null) throw new Error(`No code: ${back.href}`);
      const { status, body } = await stage.exchange(code, verifier);
      if (status !== 200) throw new Error(`The exchange answered ${status}: ${JSON.stringify(body)}`);
      return body as Tokens;
    },
    exchange: (auth_code, code_verifier) =>
      gateway.post('/token?grant_type=pkce', { auth_code, code_verifier }),
    async close() {
      await gateway.close();
      await oidc.close();
    },
  };
  return stage;
}
