import { randomBytes } from 'node:crypto';
import { decodeJwt, type JWTPayload } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../../src/crypto/secrets.ts';
import { create, exchange } from '../access-tokens/programs.ts';
import { forFile } from '../support/for-file.ts';
import { bearer, ME, newPerson, type SignedInAnswer, signUp, startGateway } from '../support/gateway.ts';

const gateway = forFile(() => startGateway({ env: { LIMIT_RENEWALS_PER_SESSION: '3/3600' } }));

let person: ReturnType<typeof newPerson>;
let ada: SignedInAnswer;
beforeEach(async () => {
  person = newPerson();
  ada = await signUp(gateway, person);
});

const HASURA_CLAIMS = 'https://hasura.io/jwt/claims';

const get = async (path: string, token: string) => {
  const response = await fetch(gateway.url + path, { headers: bearer(token) });
  return { status: response.status, body: (await response.json()) as Record<string, string | null> };
};
const claimsOf = (token: string) => decodeJwt(token)[HASURA_CLAIMS] as Record<string, string>;
const codeOf = async (document: string, headers: Record<string, string>) => {
  const [error] = (await gateway.failure(document, {}, headers)) as [{ extensions: { code: string } }];
  return error.extensions.code;
};
const portalToken = async () =>
  (
    (await gateway.post('/api/v1/login', { email: person.email, password: person.password })).body as {
      token: string;
    }
  ).token;
/** Signs the token again without its kind, as an earlier version of the gateway did. */
async function withoutKind(token: string): Promise<string> {
  const payload = decodeJwt(token) as JWTPayload & { [HASURA_CLAIMS]: Record<string, string> };
  const { 'x-hasura-token-kind': _, ...claims } = payload[HASURA_CLAIMS];
  return gateway.deps.signer.sign(await gateway.deps.signer.currentKey(60), {
    ...payload,
    [HASURA_CLAIMS]: claims,
  });
}
/** The headers that Hasura sends for a token that it has verified, without the token. */
const throughHasura = (token: string) => {
  const { 'x-hasura-allowed-roles': _, ...variables } = claimsOf(token);
  return { 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'user', ...variables };
};

/** Operations that change the account or its sessions. */
const ACCOUNT = {
  updateProfile: 'mutation { updateProfile(input: { name: "Eve" }) { id } }',
  changePassword:
    'mutation { changePassword(input: { currentPassword: "x", newPassword: "a new passphrase" }) { ok } }',
  changeEmail:
    'mutation { changeEmail(input: { currentPassword: "x", newEmail: "eve@example.com" }) { ok } }',
  deleteAccount: 'mutation { deleteAccount(input: { currentPassword: "x" }) { ok } }',
  resendEmailVerification: 'mutation { resendEmailVerification { ok } }',
  revokeSession:
    'mutation { revokeSession(input: { sessionId: "018f0000-0000-7000-8000-00000000dead" }) { sessionsEnded } }',
  'logout of all': 'mutation { logout(input: { scope: GLOBAL }) { sessionsEnded } }',
  'logout of others': 'mutation { logout(input: { scope: OTHERS }) { sessionsEnded } }',
  switchTeam:
    'mutation { switchTeam(input: { teamId: "018f0000-0000-7000-8000-00000000dead" }) { teamToken } }',
};

test('each token has its kind as a claim that Hasura passes on', async () => {
  expect(claimsOf(ada.accessToken)['x-hasura-token-kind']).toBe('access');
  expect(claimsOf(ada.teamToken ?? '')['x-hasura-token-kind']).toBe('team');
  expect(claimsOf(await portalToken())['x-hasura-token-kind']).toBe('portal');
});

describe('a team token', () => {
  test.each(Object.entries(ACCOUNT))('cannot run %s: permission_denied', async (_name, document) => {
    const team = ada.teamToken ?? '';
    expect(await codeOf(document, bearer(team))).toBe('permission_denied');
    expect(await codeOf(document, throughHasura(team))).toBe('permission_denied');
    expect(await codeOf(document, { ...throughHasura(team), ...bearer(team) })).toBe('permission_denied');
  });

  test('stays a team token if Hasura names another kind: permission_denied', async () => {
    const headers = { ...throughHasura(ada.accessToken), ...bearer(ada.teamToken ?? '') };
    expect(await codeOf(ACCOUNT.updateProfile, headers)).toBe('permission_denied');
  });

  test('can read the user and log out of its own session', async () => {
    const team = bearer(ada.teamToken ?? '');
    expect(await gateway.graphql(ME, {}, team)).toMatchObject({ me: { id: ada.user.id } });
    expect(await gateway.graphql('mutation { logout { sessionsEnded } }', {}, team)).toEqual({
      logout: { sessionsEnded: 1 },
    });
  });

  test.each(['/api/refresh', '/api/resend-email-verification?capcha='])(
    'is refused by GET %s with 401',
    async (path) => {
      expect(await get(path, ada.teamToken ?? '')).toMatchObject({
        status: 401,
        body: { code: 'unauthenticated' },
      });
    },
  );
});

describe('a personal token', () => {
  const ACCESS_TOKENS = {
    accessTokens: '{ accessTokens { id } }',
    createAccessToken: `mutation { createAccessToken(
      input: { name: "x", expiresAt: "2126-01-01T00:00:00Z", currentPassword: "x" }) { token } }`,
    revokeAccessToken:
      'mutation { revokeAccessToken(input: { id: "018f0000-0000-7000-8000-00000000dead" }) { ok } }',
    'logout of itself': 'mutation { logout { sessionsEnded } }',
  };
  let personal: string;
  beforeEach(async () => {
    personal = (await exchange(gateway, (await create(gateway, ada)).token)).accessToken;
  });

  test.each(Object.entries({ ...ACCOUNT, ...ACCESS_TOKENS }))(
    'cannot run %s: permission_denied',
    async (_name, document) => {
      expect(await codeOf(document, bearer(personal))).toBe('permission_denied');
      expect(await codeOf(document, throughHasura(personal))).toBe('permission_denied');
      expect(await codeOf(document, { ...throughHasura(personal), ...bearer(personal) })).toBe(
        'permission_denied',
      );
    },
  );

  test('stays personal if Hasura names another kind or none: permission_denied', async () => {
    const { 'x-hasura-token-kind': _, ...without } = throughHasura(personal) as Record<string, string>;
    for (const headers of [without, { ...without, 'x-hasura-token-kind': 'access' }])
      expect(await codeOf(ACCOUNT.updateProfile, headers)).toBe('permission_denied');
  });

  test('does not prove an account beside a mailed token', async () => {
    const CONFIRM = `mutation { verifyEmail(input: { token: "${await plantToken()}" }) { accessToken } }`;
    expect(await codeOf(CONFIRM, bearer(personal))).toBe('required');
  });

  test('can read the user and work in teams', async () => {
    expect(await gateway.graphql(ME, {}, bearer(personal))).toMatchObject({ me: { id: ada.user.id } });
    const CREATE_TEAM = 'mutation { createTeam(input: { name: "Engines" }) { team { id } } }';
    expect(await gateway.graphql(CREATE_TEAM, {}, bearer(personal))).toBeTruthy();
  });

  test.each(['/api/refresh', '/api/resend-email-verification?capcha='])(
    'is refused by GET %s with 401',
    async (path) => {
      expect(await get(path, personal)).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    },
  );

  /** Stores the token of a verification mail. */
  async function plantToken(): Promise<string> {
    const token = `pot_${randomBytes(32).toString('base64url')}`;
    await gateway.sql`insert into portcullis_private.one_time_tokens (token_hash, user_id, purpose, email, expires_at)
      values (${sha256(token)}, ${ada.user.id}, 'verify_email', ${ada.user.email}, now() + interval '1 hour')
      on conflict (user_id, purpose) do update set token_hash = excluded.token_hash`;
    return token;
  }
});

describe('a portal token', () => {
  test('can change the profile like an access token, also through Hasura', async () => {
    const token = await portalToken();
    await gateway.graphql(ACCOUNT.updateProfile, {}, bearer(token));
    await gateway.graphql(ACCOUNT.updateProfile, {}, throughHasura(token));
  });

  test('cannot renew its session: GET /api/refresh answers 401', async () => {
    expect(await get('/api/refresh', await portalToken())).toMatchObject({ status: 401 });
  });
});

describe('tokens of other kinds', () => {
  test('a token without a kind can change the profile and renew its session', async () => {
    const token = await withoutKind(ada.teamToken ?? '');
    await gateway.graphql(ACCOUNT.updateProfile, {}, bearer(token));
    await gateway.graphql(ACCOUNT.updateProfile, {}, throughHasura(token));
    expect((await get('/api/refresh', token)).status).toBe(200);
  });

  test('a token of an unknown kind is unauthenticated', async () => {
    const { deps } = gateway;
    const claims = { ...claimsOf(ada.accessToken), 'x-hasura-token-kind': 'admin' };
    const payload = { ...decodeJwt(ada.accessToken), [HASURA_CLAIMS]: claims };
    const token = await deps.signer.sign(await deps.signer.currentKey(60), payload);
    expect(await codeOf(ME, bearer(token))).toBe('unauthenticated');
    expect(await codeOf(ME, { ...throughHasura(ada.accessToken), 'x-hasura-token-kind': 'admin' })).toBe(
      'unauthenticated',
    );
  });
});

describe('GET /api/refresh by a user token', () => {
  test('is recorded, counts as use of the session, and is rate_limited per session', async () => {
    const { sid } = decodeJwt(ada.accessToken) as { sid: string };
    await gateway.sql`update portcullis.sessions set last_used_at = now() - interval '1 day' where id = ${sid}`;
    for (let i = 0; i < 3; i++) expect((await get('/api/refresh', ada.accessToken)).status).toBe(200);
    expect(await get('/api/refresh', ada.accessToken)).toMatchObject({
      status: 429,
      body: { code: 'rate_limited' },
    });
    const [session] =
      await gateway.sql`select last_used_at > now() - interval '1 minute' as used from portcullis.sessions where id = ${sid}`;
    expect(session?.used).toBe(true);
    const events =
      await gateway.sql`select action from portcullis.security_events where session_id = ${sid} and action = 'tokens_renewed'`;
    expect(events).toHaveLength(3);
    const other = await signUp(gateway);
    expect((await get('/api/refresh', other.accessToken)).status).toBe(200);
  });
});

test('no token outlives its session', async () => {
  const { sid } = decodeJwt(ada.accessToken) as { sid: string };
  await gateway.sql`update portcullis.sessions set expires_at = now() + interval '60 seconds' where id = ${sid}`;
  const renewed = (await get('/api/refresh', ada.accessToken)).body.userToken ?? '';
  const refreshed = (await get('/api/refresh', ada.refreshToken)).body;
  for (const token of [renewed, refreshed.userToken ?? '', refreshed.vaultToken ?? '']) {
    const { exp = 0, iat = 0 } = decodeJwt(token);
    expect(exp - iat).toBeLessThanOrEqual(60);
  }
});
