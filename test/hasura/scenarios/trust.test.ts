import { decodeJwt, type JWTPayload } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { logIn } from '../../support/gateway.ts';
import { codes, join, ME, openRecordedStage, type SignedInPerson } from './frontend.ts';

// What the gateway takes from Hasura, and what the gateway checks itself.

const stage = forFile(() =>
  openRecordedStage({
    engine: {
      // A mistake in the metadata: Hasura alone would let every user generate keys and disable accounts.
      spoil({ actions, remoteSchemas }) {
        for (const action of actions) action.permissions.push({ role: 'user' });
        for (const { role, definition } of remoteSchemas.flatMap(({ permissions }) => permissions))
          if (role === 'user') definition.schema = withDisableAccount(definition.schema);
      },
    },
  }),
);
let ada: SignedInPerson;
beforeEach(async () => {
  ada = await join(stage);
  stage.recorder.seen.length = 0;
});
afterEach(() => stage.recorder.script(null));

const SESSIONS = '{ sessions { id } }';
const DISABLE = 'mutation ($id: ID!) { disableAccount(input: { userId: $id }) { disabledAt } }';
const withDisableAccount = (sdl: string): string =>
  `${sdl.replace('type Mutation {', 'type Mutation {\n  disableAccount(input: AccountInput!): AccountState!')}
  input AccountInput { userId: ID! }
  type AccountState { disabledAt: DateTime }`;
const asUser = ({ user }: SignedInPerson) => ({ 'x-hasura-role': 'user', 'x-hasura-user-id': user.id });

describe('a token beside session variables', () => {
  // With the admin secret Hasura forwards the token without checking it.
  const console = (token: string, variables: Record<string, string>) =>
    stage.console({ authorization: `Bearer ${token}`, ...variables });

  test('of another user answers unauthenticated', async () => {
    const bob = await join(stage);
    expect(await console(ada.accessToken, asUser(ada)).run(ME)).toMatchObject({ me: { id: ada.user.id } });
    expect(await codes(console(bob.accessToken, asUser(ada)).refused(ME))).toEqual(['unauthenticated']);
  });

  test('of another session answers unauthenticated', async () => {
    const again = await logIn(stage.gateway, ada);
    const session = (token: string) => ({
      ...asUser(ada),
      'x-hasura-session-id': String(decodeJwt(token).sid),
    });
    expect(await console(ada.accessToken, session(ada.accessToken)).run(ME)).toBeTruthy();
    const other = session(again.accessToken);
    expect(await codes(console(ada.accessToken, other).refused(ME))).toEqual(['unauthenticated']);
  });

  test('that is invalid answers unauthenticated', async () => {
    expect(await codes(console('rubbish', asUser(ada)).refused(ME))).toEqual(['unauthenticated']);
  });
});

test('Hasura accepts a token without issuer or audience; the gateway answers unauthenticated', async () => {
  const { iss, aud, ...claims } = decodeJwt(ada.accessToken);
  const { signer } = stage.gateway.deps;
  const key = await signer.currentKey(60);
  const asAda = { portcullis_users: [{ id: ada.user.id }] };
  for (const named of [{ iss }, { aud }, {}] as JWTPayload[]) {
    const page = stage.as(await signer.sign(key, { ...claims, ...named }));
    expect(await page.run('{ portcullis_users { id } }')).toEqual(asAda);
    expect(await codes(page.refused(ME)), JSON.stringify(named)).toEqual(['unauthenticated']);
  }
  expect(await stage.as(await signer.sign(key, { ...claims, iss, aud } as JWTPayload)).run(ME)).toBeTruthy();
});

describe('a disabled account', () => {
  test('reads no row in Hasura and gets unauthenticated from the gateway at once', async () => {
    const page = stage.as(ada.accessToken);
    await stage.console().run(DISABLE, { id: ada.user.id });
    expect(await page.run('{ portcullis_users { id } }')).toEqual({ portcullis_users: [] });
    expect(await codes(page.refused(SESSIONS))).toEqual(['unauthenticated']);
    expect(await codes(stage.console(asUser(ada)).refused(ME))).toEqual(['unauthenticated']);
  });

  test('gets unauthenticated by disabled_at alone, even with a live session', async () => {
    await stage.gateway.sql`update portcullis.users set disabled_at = now() where id = ${ada.user.id}`;
    expect(await codes(stage.as(ada.accessToken).refused(SESSIONS))).toEqual(['unauthenticated']);
  });

  test('needs an operator: a user who may call disableAccount in Hasura gets permission_denied', async () => {
    const page = stage.as(ada.accessToken);
    expect(await codes(page.refused(DISABLE, { id: ada.user.id }))).toEqual(['permission_denied']);
  });
});

test('a user who may call an action in Hasura gets permission_denied from the gateway', async () => {
  expect(await codes(stage.as(ada.accessToken).refused('mutation { generateJwk { success } }'))).toEqual([
    'permission_denied',
  ]);
});

test('an operator selects the row behind an action; a user without access to its table gets validation-failed', async () => {
  const document = 'mutation { generateJwk { success jwk { id } } }';
  expect(await stage.as(ada.accessToken).refused(document)).toEqual([
    {
      message: "field 'jwk' not found in type: 'GenerateJwkActionOutput'",
      extensions: {
        path: '$.selectionSet.generateJwk.selectionSet.jwk',
        code: 'validation-failed',
      },
    },
  ]);
  expect(await stage.console().run(document)).toMatchObject({ generateJwk: { success: true } });
});

test('no x-hasura-* header of a client reaches the gateway beside a token', async () => {
  const headers = { 'x-hasura-team-id': ada.user.id, 'x-hasura-anything': 'x', 'x-other': 'y' };
  await stage.as(ada.accessToken, headers).run(ME);
  const names = Object.keys(stage.recorder.seen[0]?.headers ?? {});
  expect(names).toContain('x-other');
  expect(names.filter((name) => name.startsWith('x-hasura-')).sort()).toEqual([
    ...['x-hasura-auth-level', 'x-hasura-gateway-secret', 'x-hasura-role', 'x-hasura-session-id'],
    'x-hasura-token-kind',
    'x-hasura-user-id',
  ]);
});
