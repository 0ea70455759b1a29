import { afterAll, beforeAll, expect, test } from 'vitest';
import { bearer, startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import { codes, frontend } from './frontend.ts';
import { adminOf, anonymousAt } from './spoiled.ts';

// What Hasura does where a setting that hasura/README.md asks for is not made.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

async function without(setting: string, play: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = await startEngine({
    gateway,
    databaseUrl: gateway.databaseUrl,
    env: { [setting]: null },
  });
  try {
    await play(engine);
  } finally {
    await engine.close();
  }
}

test('without permissions for remote schemas everybody reaches all of the gateway, which itself refuses', async () => {
  const disable = 'mutation { disableAccount(input: { userId: "x" }) { disabledAt } }';
  await without('HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS', async (engine) => {
    expect(await engine.inconsistent()).toEqual([]);
    const anonymous = anonymousAt(engine);
    expect(await codes(anonymous.refused('{ sessions { id } }'))).toEqual(['unauthenticated']);
    expect(await codes(anonymous.refused(disable))).toEqual(['permission_denied']);
    const nobodys = { 'x-hasura-admin-secret': engine.adminSecret, 'x-hasura-role': 'stranger' };
    expect(await frontend(engine.url, nobodys).run('{ authConfig { signup } }')).toEqual({
      authConfig: { signup: true },
    });
  });
});

test('without an unauthorized role nobody gets in without a token or the admin secret', async () => {
  await without('HASURA_GRAPHQL_UNAUTHORIZED_ROLE', async (engine) => {
    for (const headers of [{}, { 'x-hasura-role': 'anonymous' }])
      expect(await frontend(engine.url, headers).refused('{ __typename }')).toEqual([
        {
          message: "Missing 'Authorization' or 'Cookie' header in JWT authentication mode",
          extensions: { path: '$', code: 'invalid-headers' },
        },
      ]);
    expect(await adminOf(engine).run('{ __typename }')).toEqual({ __typename: 'query_root' });
    expect(await codes(frontend(engine.url, bearer('x')).refused('{ __typename }'))).toEqual(['invalid-jwt']);
  });
});
