import { beforeAll, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { bearer, newPerson, type SignedInAnswer, signUp } from '../../support/gateway.ts';
import { codes, type Frontend, frontend, ME, openStage, SIGNUP } from './frontend.ts';

// Clients that call the gateway past Hasura: the gateway ignores what only Hasura may say.

const stage = forFile(() => openStage({ env: { GRAPHQL_INTROSPECTION: 'false' } }));
let ada: SignedInAnswer;
beforeAll(async () => {
  ada = await signUp(stage.gateway);
});

const SECRET = 'x-hasura-gateway-secret';
const DISABLE = 'mutation ($id: ID!) { disableAccount(input: { userId: $id }) { disabledAt } }';
const SCHEMA = '{ __schema { queryType { name } } }';
const asAda = () => ({ 'x-hasura-role': 'user', 'x-hasura-user-id': ada.user.id });
const refused = (document: string, variables: object, headers: Record<string, string>) =>
  codes(stage.gateway.failure(document, variables, headers) as ReturnType<Frontend['refused']>);

describe('a client without the secret', () => {
  test('is anonymous despite session variables, and a user only with a bearer token', async () => {
    expect(await stage.gateway.graphql(ME, {}, asAda())).toEqual({ me: null });
    expect(await refused('{ sessions { id } }', {}, asAda())).toEqual(['unauthenticated']);
    const { me } = await stage.gateway.graphql<{ me: object }>(ME, {}, bearer(ada.accessToken));
    expect(me).toMatchObject({ id: ada.user.id });
  });

  test('is never the operator: permission_denied', async () => {
    const input = { id: ada.user.id };
    expect(await refused(DISABLE, input, { 'x-hasura-role': 'admin' })).toEqual(['permission_denied']);
    expect(await refused(DISABLE, input, bearer(ada.accessToken))).toEqual(['permission_denied']);
  });

  test('cannot introspect when introspection is off; Hasura can', async () => {
    expect(await refused(SCHEMA, {}, {})).toContain('graphql_validation_failed');
    expect(await stage.engine.inconsistent()).toEqual([]);
    expect(await stage.gateway.graphql(SCHEMA, {}, { [SECRET]: stage.gateway.secret })).toBeTruthy();
  });

  test('gets query_too_complex for 20 aliases; Hasura gets an answer', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `a${index}`);
    const aliases = `{ ${names.map((name) => `${name}: me { id }`).join(' ')} }`;
    expect(await refused(aliases, {}, {})).toEqual(['query_too_complex']);
    const asHasura = await stage.gateway.graphql(aliases, {}, { [SECRET]: stage.gateway.secret });
    expect(Object.keys(asHasura)).toEqual(names);
  });
});

test('a request with a wrong secret answers 403 permission_denied', async () => {
  const headers = { ...asAda(), [SECRET]: 'guessed' };
  const { status, body } = await stage.gateway.post(
    '/graphql',
    { query: '{ authConfig { signup } }' },
    headers,
  );
  expect(status).toBe(403);
  expect(body).toMatchObject({ errors: [{ extensions: { code: 'permission_denied' } }] });
});

test('the sign-up limit per address does not count Hasura’s address; a direct client gets rate_limited', async () => {
  const limited = await openStage({ env: { LIMIT_SIGNUP_PER_ADDRESS: '2/3600' } });
  const { teamName: _, ...input } = newPerson();
  const signup = (page: Frontend, number: number) =>
    page.run(SIGNUP, { input: { ...input, email: `${number}-${input.email}` } });
  try {
    for (const number of [1, 2, 3]) await signup(limited.anonymous(), number);
    const itself = frontend(`${limited.gateway.url}/graphql`, {});
    for (const number of [4, 5]) await signup(itself, number);
    expect(await codes(itself.refused(SIGNUP, { input }))).toEqual(['rate_limited']);
  } finally {
    await limited.close();
  }
});

describe('actions and cron triggers', () => {
  const paths = [
    ...['/hasura/actions/generateJwk', '/hasura/actions/refreshEns'],
    ...['/hasura/cron/prune', '/hasura/cron/refresh-ens'],
  ];
  const body = { input: {}, session_variables: { 'x-hasura-role': 'admin' } };

  test.each(paths)('%s answers 403 without the secret', async (path) => {
    for (const headers of [{}, { [SECRET]: 'guessed' }, { authorization: stage.gateway.secret }])
      expect((await stage.gateway.post(path, body, headers as Record<string, string>)).status).toBe(403);
  });
});
