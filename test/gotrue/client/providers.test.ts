import { randomUUID } from 'node:crypto';
import type { Provider, SupabaseClient } from '@supabase/supabase-js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PUBLIC_URL } from '../../support/gateway.ts';
import { createBrowser } from '../../support/providers/browser.ts';
import { type OidcServer, startOidcServer } from '../../support/providers/oidc-server.ts';
import { complete, createPerson, newPerson, newSignedIn, succeed } from './people.ts';
import { openStage, SITE, type Stage } from './stage.ts';

const REDIRECT_URI = `${PUBLIC_URL}/callback`;
const provider: Provider = 'keycloak';

let server: OidcServer;
let stage: Stage;
beforeAll(async () => {
  server = await startOidcServer(REDIRECT_URI);
  const { url: authorizationUrl, clientId, clientSecret } = server;
  stage = await openStage({
    env: {
      ALLOW_PRIVATE_ADDRESSES: 'loopback',
      MANUAL_LINKING: 'on',
      OAUTH_PROVIDERS: JSON.stringify([{ name: provider, authorizationUrl, clientId, clientSecret }]),
    },
  });
});
afterAll(async () => {
  await stage?.close();
  await server?.close();
});

/** An account at the provider, with an address that the provider has verified. */
function atProvider(email = newPerson().email) {
  const sub = randomUUID();
  server.people.set(sub, { sub, email, email_verified: true, name: 'Ann Other' });
  return { sub, email };
}

/** Goes to the provider and back as a browser does, and returns where it lands. */
async function goThrough(start: string): Promise<URL> {
  const browser = createBrowser();
  // The public URL stands for the gateway of this test.
  const begun = await browser.visit(start.replace(PUBLIC_URL, stage.gateway.url));
  const back = await browser.follow(begun.headers.get('location') ?? start, REDIRECT_URI);
  const landed = await browser.visit(`${stage.gateway.url}/callback${back.search}`);
  return new URL(landed.headers.get('location') ?? '');
}

const options = (sub: string) => ({
  redirectTo: `${SITE}/cb`,
  skipBrowserRedirect: true,
  queryParams: { login_hint: sub },
});

async function signInAt(client: SupabaseClient, sub: string): Promise<URL> {
  const { url } = await succeed(client.auth.signInWithOAuth({ provider, options: options(sub) }));
  return goThrough(url);
}

test('signInWithOAuth in the PKCE flow opens a session with the tokens of the provider', async () => {
  const { sub, email } = atProvider();
  const client = stage.client({ flowType: 'pkce' });
  const landed = await signInAt(client, sub);
  expect(`${landed.origin}${landed.pathname}${landed.hash}`).toBe(`${SITE}/cb`);
  const code = landed.searchParams.get('code') ?? '';
  const { session, user } = await succeed(client.auth.exchangeCodeForSession(code));
  expect(session.provider_token).toBeTypeOf('string');
  expect([user.email, user.app_metadata.provider]).toEqual([email, provider]);
  expect(user.identities?.map((each) => [each.provider, each.id])).toEqual([[provider, sub]]);
});

test('signInWithOAuth in the implicit flow leads to the session in the fragment', async () => {
  const { sub, email } = atProvider();
  const landed = await signInAt(stage.client(), sub);
  const fragment = new URLSearchParams(landed.hash.slice(1));
  expect(fragment.get('provider_token')).toBeTypeOf('string');
  const { user } = await succeed(stage.client().auth.getUser(fragment.get('access_token') ?? ''));
  expect(user.email).toBe(email);
});

test('a person with a password and a verified address signs in at a provider with the same address', async () => {
  const { id, email } = await createPerson(stage);
  const { sub } = atProvider(email);
  const client = stage.client({ flowType: 'pkce' });
  const landed = await signInAt(client, sub);
  const { user } = await succeed(client.auth.exchangeCodeForSession(landed.searchParams.get('code') ?? ''));
  expect([user.id, user.app_metadata.providers]).toEqual([id, ['email', provider]]);
});

test('linkIdentity adds a provider to the account, and unlinkIdentity takes it away', async () => {
  const { person } = await newSignedIn(stage);
  const client = stage.client({ flowType: 'pkce' });
  await succeed(client.auth.signInWithPassword(person));
  const { sub } = atProvider();
  const { url } = await succeed(client.auth.linkIdentity({ provider, options: options(sub) }));
  const landed = await goThrough(url ?? '');
  await succeed(client.auth.exchangeCodeForSession(landed.searchParams.get('code') ?? ''));
  const { identities } = await succeed(client.auth.getUserIdentities());
  expect(identities.map((each) => each.provider).sort()).toEqual(['email', provider]);
  const linked = identities.find((each) => each.provider === provider);
  if (linked === undefined) throw new Error('The identity is missing.');
  await complete(client.auth.unlinkIdentity(linked));
  expect((await succeed(client.auth.getUserIdentities())).identities).toHaveLength(1);
});

test('signInWithIdToken opens a session for the token of a provider', async () => {
  const { sub, email } = atProvider();
  const now = Math.floor(Date.now() / 1000);
  const token = await server.makeIdToken({
    ...{ iss: server.url, aud: server.clientId, sub, iat: now, exp: now + 60 },
    ...{ email, email_verified: true },
  });
  const { user } = await succeed(stage.client().auth.signInWithIdToken({ provider, token }));
  expect(user.email).toBe(email);
});

test('signInWithOAuth of an unknown provider is refused', async () => {
  const { url } = await succeed(
    stage.client().auth.signInWithOAuth({ provider: 'google', options: { skipBrowserRedirect: true } }),
  );
  const { status } = await fetch(url, { redirect: 'manual' });
  expect(status).toBe(400);
});
