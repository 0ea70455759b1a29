import { decodeJwt, decodeProtectedHeader } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { JWT_SECRET, signShared } from '../gotrue/administrators.ts';
import { codes, join, ME, openStage, type SignedInPerson } from '../hasura/scenarios/frontend.ts';
import { readJwks } from '../keys/keys.ts';
import { expectRefused } from '../sessions/refused-token.ts';
import { forFile } from '../support/for-file.ts';
import { bearer } from '../support/gateway.ts';
import { createServiceToken } from './tokens.ts';

// Tokens of servers, and tokens by the shared secret, open no account at GraphQL, Hasura or another dialect.

const stage = forFile(() => openStage({ env: { GOTRUE_JWT_SECRET: JWT_SECRET } }));

let ada: SignedInPerson;
beforeEach(async () => {
  ada = await join(stage);
});

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Tokens that name Ada in the ways that an attacker has, or that a holder of the shared secret has. */
const tokens: Readonly<Record<string, () => Promise<string>>> = {
  'a service token': async () => (await createServiceToken(stage.gateway)).token,
  'a token of role authenticated by the shared secret, with all claims of a user': () =>
    signShared({ ...decodeJwt(ada.accessToken), role: 'authenticated' }),
  'a token of role service_role by the shared secret, with all claims of a user': () =>
    signShared({ ...decodeJwt(ada.accessToken), role: 'service_role' }),
  'a token by the shared secret that names a signing key': () =>
    signShared(decodeJwt(ada.accessToken), JWT_SECRET, { kid: decodeProtectedHeader(ada.accessToken).kid }),
  'a token signed by HS256 with the public key as the secret': async () => {
    const { keys } = await readJwks(stage.gateway);
    const { kid } = decodeProtectedHeader(ada.accessToken);
    return signShared(decodeJwt(ada.accessToken), JSON.stringify(keys[0]), { kid });
  },
  'a token of alg none': async () =>
    `${base64({ alg: 'none', typ: 'JWT' })}.${base64(decodeJwt(ada.accessToken))}.`,
};

describe.each(Object.entries(tokens))('%s', (_name, make) => {
  test('is unauthenticated in GraphQL, in the teams API and in the portal', async () => {
    const token = await make();
    await expectRefused(stage.gateway, token);
    const refresh = await fetch(`${stage.gateway.url}/api/refresh`, { headers: bearer(token) });
    expect([refresh.status, await refresh.json()]).toEqual([
      401,
      expect.objectContaining({ code: 'unauthenticated' }),
    ]);
  });

  test('is invalid-jwt in Hasura, and unauthenticated if Hasura names the user beside it', async () => {
    const token = await make();
    expect(await codes(stage.as(token).refused('{ portcullis_users { id } }'))).toEqual(['invalid-jwt']);
    const variables = { 'x-hasura-role': 'user', 'x-hasura-user-id': ada.user.id };
    const console = stage.console({ ...bearer(token), ...variables });
    expect(await codes(console.refused(ME))).toEqual(['unauthenticated']);
  });
});

test('an access token with the claims of a service token is still a person’s, and the reverse', async () => {
  const { signer } = stage.gateway.deps;
  const key = await signer.currentKey(60);
  const { token } = await createServiceToken(stage.gateway);
  const [mine, service] = [decodeJwt(ada.accessToken), decodeJwt(token)];
  // Only the gateway signs so. Each check alone keeps the two apart: the audience, and the claims.
  await expectRefused(stage.gateway, await signer.sign(key, { ...mine, aud: service.aud ?? '' }));
  await expectRefused(stage.gateway, await signer.sign(key, { ...service, aud: mine.aud ?? '' }));
});
