import { test, expect } from 'vitest';
import { startGateway } from '../../support/gateway.ts';
import { startEngine } from '../../support/hasura/engine.ts';
import { GraphQLClient } from 'graphql-request';
test('smoke', async () => {
  const gateway = await startGateway();
  const engine = await startEngine({ gateway, databaseUrl: gateway.databaseUrl });
  expect(engine.inconsistent()).toEqual([]);
  const c = new GraphQLClient(engine.url);
  const s = await c.request<any>('mutation S($input: SignupInput!) { signup(input: $input) { ...P } } fragment P on AuthPayload { accessToken teamToken user { id } }', { input: { email: 'a@example.com', password: 'correct horse', name: 'Ada', teamName: 'T' } });
  console.log(s);
  const h = { authorization: `Bearer ${s.signup.teamToken}` };
  console.log(JSON.stringify(await c.request('{ portcullis_users { id email created_at } portcullis_teams(where: {name: {_eq: "T"}}) { name memberships { role user { email } team { name } } } me { id } __typename }', {}, h)));
  const a = { 'x-hasura-admin-secret': engine.adminSecret };
  console.log(JSON.stringify(await c.request('mutation { generateJwk { success id expiresAt jwk { id alg } } }', {}, a)));
  console.log(JSON.stringify(await c.request('{ jwks { id public_jwk expires_at } portcullis_users { email  } }', {}, a)));
  console.log(JSON.stringify(await c.request('mutation { update_jwks(where: {}, _set: {expires_at: "2027-01-01"}) { affected_rows returning { id expires_at } } }', {}, a)));
  for (const [q, hh] of [['{ jwks { id } }', h], ['{ me { nope } }', h], ['mutation { generateJwk { id } }', {}], ['{ me { id } }', { authorization: 'Bearer x' }], ['mutation { login(input: {email: "a@example.com", password: "wrong"}) { accessToken } }', {}]] as const)
    console.log(JSON.stringify(await c.request(q, {}, hh).catch((e) => e.response)));
  await engine.close(); await gateway.close();
});
