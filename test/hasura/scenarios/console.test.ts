import { decodeProtectedHeader } from 'jose';
import { describe, expect, test } from 'vitest';
import { startChain } from '../../support/anvil.ts';
import { forFile } from '../../support/for-file.ts';
import { codes, join, LOGIN, ME, openStage } from './frontend.ts';

// What an operator does in the console, with the admin secret.

/** Milliseconds for which Hasura keeps the keys, and between two checks of their age. */
const [JWKS_MAX_AGE, POLL] = [30_000, 60_000];

const stage = forFile(() => openStage({ env: { JWKS_MAX_AGE: String(JWKS_MAX_AGE / 1000) } }));

const GENERATE = 'mutation { generateJwk { success id expiresAt jwk { id alg expires_at } } }';
const REFRESH_ENS = 'mutation { refreshEns { success addresses { key value } } }';
const EXPIRE = `mutation Expire($id: String!, $at: timestamptz!) {
  update_jwks_by_pk(pk_columns: { id: $id }, _set: { expires_at: $at }) { id expires_at }
}`;
const soon = () => new Date(Date.now() - 1000).toISOString();

describe('the actions', () => {
  test('generateJwk creates a key and returns its row', async () => {
    const { generateJwk } = await stage
      .console()
      .run<{ generateJwk: { id: string; expiresAt: string; jwk: { expires_at: string } } }>(GENERATE);
    expect(generateJwk).toMatchObject({ success: true, jwk: { id: generateJwk.id, alg: 'ES256' } });
    expect(new Date(generateJwk.jwk.expires_at)).toEqual(new Date(generateJwk.expiresAt));
    const keys = await stage
      .console()
      .run<{ jwks: { id: string; public_jwk: object }[] }>(
        '{ jwks(order_by: { created_at: desc }) { id public_jwk } }',
      );
    expect(keys.jwks[0]?.id).toBe(generateJwk.id);
    expect(Object.keys(keys.jwks[0]?.public_jwk ?? {}).sort()).toEqual([
      'alg',
      'crv',
      'kid',
      'kty',
      'use',
      'x',
      'y',
    ]);
  });

  test('refreshEns answers ens_not_configured without ENS_RPC_URLS', async () => {
    expect(await stage.console().refused(REFRESH_ENS)).toEqual([
      {
        message: 'ENS is not configured: set ENS_RPC_URLS.',
        extensions: { code: 'ens_not_configured', attribute: null, requestId: expect.any(String) },
      },
    ]);
  });

  test('are unknown to anonymous and user: validation-failed', async () => {
    const ada = await join(stage);
    const others = {
      anonymous: stage.anonymous(),
      spoofed: stage.anonymous({ 'x-hasura-role': 'admin' }),
      user: stage.as(ada.accessToken),
      'user by the console': stage.console({ 'x-hasura-role': 'user', 'x-hasura-user-id': ada.user.id }),
    };
    for (const [who, page] of Object.entries(others))
      for (const name of ['assignRoles', 'generateJwk', 'refreshEns'])
        expect(await page.refused(`mutation { ${name} { __typename } }`), who).toEqual([
          {
            message: `field '${name}' not found in type: 'mutation_root'`,
            extensions: { path: `$.selectionSet.${name}`, code: 'validation-failed' },
          },
        ]);
  });
});

test('refreshEns stores addresses of the chain, which anonymous reads from the table and from the gateway', async () => {
  const chain = await startChain();
  const env = {
    ENS_RPC_URLS: chain.url,
    ENS_CHAIN_ID: String(chain.chainId),
    ENS_REGISTRY: chain.registry,
  };
  const withChain = await openStage({ env });
  const addresses = [
    { key: 'semaphore.wld.eth', value: '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045' },
    { key: 'staging.semaphore.wld.eth', value: '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed' },
  ];
  try {
    for (const { key, value } of addresses) await chain.setAddress(key, value);
    const read = '{ portcullis_cache(order_by: { key: asc }) { key value } contractAddresses { key value } }';
    const anonymous = withChain.anonymous();
    expect(await anonymous.run(read)).toEqual({ portcullis_cache: [], contractAddresses: [] });
    expect(await withChain.console().run(REFRESH_ENS)).toEqual({ refreshEns: { success: true, addresses } });
    expect(await anonymous.run(read)).toEqual({ portcullis_cache: addresses, contractAddresses: addresses });
    // A name without an address fails with the gateway's code and leaves the stored addresses.
    await chain.setAddress('staging.semaphore.wld.eth', `0x${'0'.repeat(40)}`);
    expect(await codes(withChain.console().refused(REFRESH_ENS))).toEqual(['ens_name_not_found']);
    expect(await anonymous.run(read)).toMatchObject({ portcullis_cache: addresses });
  } finally {
    await withChain.close();
    await chain.stop();
  }
});

describe('the expiry of a key', () => {
  test('can be edited in the console, unlike the algorithm of a key and the email of a user', async () => {
    const [key] = (await stage.console().run<{ jwks: { id: string }[] }>('{ jwks(limit: 1) { id } }')).jwks;
    const at = '2027-03-01T00:00:00+00:00';
    expect(await stage.console().run(EXPIRE, { id: key?.id, at })).toEqual({
      update_jwks_by_pk: { id: key?.id, expires_at: at },
    });
    const forge = 'mutation { update_jwks(where: {}, _set: { alg: "none" }) { affected_rows } }';
    expect(await codes(stage.console().refused(forge))).toEqual(['unexpected']);
    const verify =
      'mutation { update_portcullis_users(where: {}, _set: { email: "x@example.com" }) { affected_rows } }';
    expect(await codes(stage.console().refused(verify))).toEqual(['unexpected']);
    expect(await codes(stage.console().refused(EXPIRE, { id: key?.id, at: 'infinity' }))).toEqual([
      'permission-error',
    ]);
  });

  test('in the past makes the gateway answer unauthenticated to the key’s tokens at once', async () => {
    const ada = await join(stage);
    const { kid } = decodeProtectedHeader(ada.accessToken);
    expect(await stage.as(ada.accessToken).run(ME)).toMatchObject({ me: { id: ada.user.id } });
    await stage.console().run(GENERATE);
    await stage.console().run(EXPIRE, { id: kid, at: soon() });
    expect(
      await codes(stage.gateway.failure(ME, {}, { authorization: `Bearer ${ada.accessToken}` }) as never),
    ).toEqual(['unauthenticated']);
    const { email, password } = ada;
    const { login } = await stage
      .anonymous()
      .run<{ login: { accessToken: string } }>(LOGIN, { input: { email, password } });
    expect(decodeProtectedHeader(login.accessToken).kid).not.toBe(kid);
    // Hasura's copy of the set lacks the new key, and Hasura does not fetch the set for an unknown key.
    expect(await codes(stage.as(login.accessToken).refused(ME))).toEqual(['invalid-jwt']);
    // Hasura fetches the keys again when its copy is too old, and refuses the old key's tokens from then on.
    await stage.pass(JWKS_MAX_AGE + POLL);
    expect(await stage.as(login.accessToken).run(ME)).toMatchObject({ me: { id: ada.user.id } });
    expect(await codes(stage.as(ada.accessToken).refused('{ authConfig { signup } }'))).toEqual([
      'invalid-jwt',
    ]);
    await stage.pass(-JWKS_MAX_AGE - POLL);
  });

  test('in the past makes gateway fields behind Hasura answer unauthenticated', async () => {
    const ada = await join(stage);
    const { kid } = decodeProtectedHeader(ada.accessToken);
    await stage.console().run(GENERATE);
    await stage.console().run(EXPIRE, { id: kid, at: soon() });
    expect(await codes(stage.as(ada.accessToken).refused(ME))).toEqual(['unauthenticated']);
  });
});

test('an operator reads users and security events, but no table of secrets', async () => {
  const ada = await join(stage);
  const found = await stage
    .console()
    .run<{ portcullis_users: { email: string }[] }>(
      `query ($id: uuid!) { portcullis_users(where: { id: { _eq: $id } }) { email sessions { id } } }`,
      { id: ada.user.id },
    );
  expect(found.portcullis_users).toMatchObject([{ email: ada.email, sessions: [{}, {}] }]);
  const { __schema } = await stage
    .console()
    .run<{ __schema: { queryType: { fields: { name: string }[] } } }>(
      '{ __schema { queryType { fields { name } } } }',
    );
  const names = __schema.queryType.fields.map(({ name }) => name);
  expect(names).toContain('portcullis_security_events');
  expect(names.filter((name) => /private|password|token/.test(name))).toEqual([]);
});

test('an operator acts as a user by their id and session; a wrong admin secret answers access-denied', async () => {
  const ada = await join(stage);
  const user = { 'x-hasura-role': 'user', 'x-hasura-user-id': ada.user.id };
  const sessions = await stage
    .console()
    .run<{ portcullis_sessions: { id: string }[] }>(
      'query ($id: uuid!) { portcullis_sessions(where: { user_id: { _eq: $id } }, limit: 1) { id } }',
      { id: ada.user.id },
    );
  const session = { 'x-hasura-session-id': sessions.portcullis_sessions[0]?.id ?? '' };
  expect(await stage.console({ ...user, ...session }).run(`{ portcullis_users { id } me { id } }`)).toEqual({
    portcullis_users: [{ id: ada.user.id }],
    me: { id: ada.user.id },
  });
  expect(await stage.console(user).run(ME)).toMatchObject({ me: { id: ada.user.id } });
  expect(await stage.console(user).refused('{ portcullis_users { id } }')).toEqual([
    {
      message: 'missing session variable: "x-hasura-session-id"',
      extensions: { path: '$', code: 'not-found' },
    },
  ]);
  const wrong = stage.anonymous({ 'x-hasura-admin-secret': 'wrong' });
  expect(await codes(wrong.refused('{ authConfig { signup } }'))).toEqual(['access-denied']);
});
