import { expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { startGateway } from '../../support/gateway.ts';
import { type Engine, type EngineOptions, startEngine } from '../../support/hasura/engine.ts';
import { codes, frontend, join, LOGIN, ME, openStage, type StageOptions } from './frontend.ts';
import { adminOf, anonymousAt } from './spoiled.ts';

// How the gateway answers when a setting of Hasura is missing or differs from hasura/README.md.

const gateway = forFile(() => startGateway());

async function withEnvironment(
  env: NonNullable<EngineOptions['env']>,
  play: (engine: Engine) => Promise<void>,
): Promise<void> {
  const engine = await startEngine({ gateway, databaseUrl: gateway.databaseUrl, env });
  try {
    await play(engine);
  } finally {
    await engine.close();
  }
}

test('without remote schema permissions Hasura forwards every field, and the gateway itself refuses', async () => {
  const disable = 'mutation { disableAccount(input: { userId: "x" }) { disabledAt } }';
  await withEnvironment({ HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS: null }, async (engine) => {
    expect(await engine.inconsistent()).toEqual([]);
    const anonymous = anonymousAt(engine);
    expect(await codes(anonymous.refused('{ sessions { id } }'))).toEqual(['unauthenticated']);
    expect(await codes(anonymous.refused(disable))).toEqual(['permission_denied']);
    const strangerHeaders = { 'x-hasura-admin-secret': engine.adminSecret, 'x-hasura-role': 'stranger' };
    expect(await frontend(engine.url, strangerHeaders).run('{ authConfig { signup } }')).toEqual({
      authConfig: { signup: true },
    });
  });
});

test('without an unauthorized role Hasura answers invalid-headers to requests without token and admin secret', async () => {
  await withEnvironment({ HASURA_GRAPHQL_UNAUTHORIZED_ROLE: null }, async (engine) => {
    for (const headers of [{}, { 'x-hasura-role': 'anonymous' }])
      expect(await codes(frontend(engine.url, headers).refused('{ __typename }'))).toEqual([
        'invalid-headers',
      ]);
    expect(await adminOf(engine).run('{ __typename }')).toEqual({ __typename: 'query_root' });
  });
});

/** The user of an unauthenticated request that names a user, while Hasura's unauthorized role is `user`. */
async function spoofedIn(options: StageOptions): Promise<{ named: string; me: unknown }> {
  const stage = await openStage({
    ...options,
    engine: { env: { HASURA_GRAPHQL_UNAUTHORIZED_ROLE: 'user' } },
  });
  try {
    const { user } = await join(stage);
    const { me } = await stage.anonymous({ 'x-hasura-user-id': user.id }).run(ME);
    return { named: user.id, me };
  } finally {
    await stage.close();
  }
}

test('a gateway with HASURA_UNAUTHORIZED_ROLE ignores user ids of requests in that role', async () => {
  const unaware = await spoofedIn({});
  expect(unaware.me).toMatchObject({ id: unaware.named });
  const { me } = await spoofedIn({
    env: { HASURA_UNAUTHORIZED_ROLE: 'user', HASURA_ROLES: 'member', DEFAULT_ROLES: 'member' },
  });
  expect(me).toBeNull();
});

test('a gateway with another secret than Hasura refuses Hasura’s introspection', async () => {
  await withEnvironment({ INTERNAL_ENDPOINTS_SECRET: 'x'.repeat(32) }, async (engine) => {
    expect(await engine.inconsistent()).toEqual([
      'remote_schema portcullis: Inconsistent object: Error in $: key "data" not found',
      expect.stringMatching(/^remote_relationship gateway_team in table portcullis.teams /),
    ]);
    const input = { email: 'x', password: 'x' };
    expect(await codes(anonymousAt(engine).refused(LOGIN, { input }))).toEqual(['validation-failed']);
  });
});
