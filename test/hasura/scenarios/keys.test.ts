import { decodeProtectedHeader, type JSONWebKeySet } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { logIn, newPerson, signUp } from '../../support/gateway.ts';
import { codes, ME, openStage } from './frontend.ts';

// Which key signs while Hasura keeps its copy of the JWKS, and what the JWKS says about its keys.

const person = newPerson();
/** Short, since a test with a real engine waits this long. */
const MAX_AGE_MS = 1000;
const POLL_MS = 60_000;

const stage = forFile(() => openStage({ env: { JWKS_MAX_AGE: String(MAX_AGE_MS / 1000) } }));
let first: string;
beforeAll(async () => {
  const { accessToken } = await signUp(stage.gateway, person);
  first = keyOf(accessToken);
  await publishAnHourAgo(first);
});

const keyOf = (token: string) => String(decodeProtectedHeader(token).kid);
const publishAnHourAgo = (id: string) =>
  stage.gateway.sql`update portcullis.jwks set created_at = now() - interval '1 hour' where id = ${id}`;

async function generate(): Promise<string> {
  const { generateJwk } = await stage
    .console()
    .run<{ generateJwk: { id: string } }>('mutation { generateJwk { id } }');
  return generateJwk.id;
}

test('a new key signs only after Hasura has fetched the key', async () => {
  const second = await generate();
  const before = await logIn(stage.gateway, person);
  expect(keyOf(before.accessToken)).toBe(first);
  expect(await stage.as(before.accessToken).run(ME)).toMatchObject({ me: { email: person.email } });
  await publishAnHourAgo(second);
  await stage.pass(MAX_AGE_MS + POLL_MS);
  const after = await logIn(stage.gateway, person);
  expect(keyOf(after.accessToken)).toBe(second);
  for (const { accessToken } of [before, after])
    expect(await stage.as(accessToken).run('{ portcullis_users { email } }')).toEqual({
      portcullis_users: [{ email: person.email }],
    });
  await stage.pass(-MAX_AGE_MS - POLL_MS);
});

test('an expired key does not sign, even if Hasura may lack the next key', async () => {
  const third = await generate();
  await stage
    .console()
    .run(
      'mutation ($at: timestamptz!, $id: String!) { update_jwks(where: { id: { _neq: $id } }, _set: { expires_at: $at }) { affected_rows } }',
      { id: third, at: new Date(Date.now() - 1000).toISOString() },
    );
  expect(keyOf((await logIn(stage.gateway, person)).accessToken)).toBe(third);
});

test('every published key has exactly the members that Hasura reads', async () => {
  await generate();
  const { keys } = (await (
    await fetch(`${stage.gateway.url}/.well-known/jwks.json`)
  ).json()) as JSONWebKeySet;
  expect(keys.length).toBeGreaterThan(1);
  const text = expect.stringMatching(/./);
  const key = { kty: 'EC', crv: 'P-256', x: text, y: text, kid: text, alg: 'ES256', use: 'sig' };
  expect(keys).toEqual(keys.map(() => key));
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
});

test('tokens of a deleted key fail at the gateway at once, and in Hasura after max-age', async () => {
  const rows = '{ portcullis_users { email } }';
  await generate();
  const { accessToken } = await logIn(stage.gateway, person);
  const page = stage.as(accessToken);
  // Past the last check of the stand-in, whose clock an earlier test set back.
  await stage.pass(2 * (MAX_AGE_MS + POLL_MS));
  expect(await page.run(rows)).toEqual({ portcullis_users: [{ email: person.email }] });
  // As an operator does in the database: Hasura's own role may not.
  await stage.gateway.sql`delete from portcullis.jwks where id = ${keyOf(accessToken)}`;
  expect(await codes(page.refused(ME))).toEqual(['unauthenticated']);
  await stage.pass(MAX_AGE_MS + POLL_MS);
  expect(await codes(page.refused(rows))).toEqual(['invalid-jwt']);
  await stage.pass(-3 * (MAX_AGE_MS + POLL_MS));
});
