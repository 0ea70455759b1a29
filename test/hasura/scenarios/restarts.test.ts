import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  bearer,
  newPerson,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../../support/gateway.ts';
import { type Engine, startEngine } from '../../support/hasura/engine.ts';
import { type Recorder, startRecorder } from '../../support/hasura/recorder.ts';
import { freePort } from '../../support/ports.ts';
import { codes, frontend, LOGIN, ME, REFRESH } from './frontend.ts';

// Hasura and the gateway, either of which is restarted while people are signed in.

/** A second replica, which keeps the database while the tests restart the first. */
let lasting: TestGateway;
let gateway: TestGateway;
/** The address at which Hasura expects the gateway, also while it is down. */
let recorder: Recorder;
let engine: Engine;
beforeAll(async () => {
  lasting = await startGateway();
  gateway = await startGateway({ replicaOf: lasting, env: { PORT: String(await freePort()) } });
  recorder = await startRecorder(gateway.url);
  engine = await startHasura();
});
afterAll(async () => {
  await engine.close();
  await recorder.close();
  await gateway.close();
  await lasting.close();
});

const startHasura = () =>
  startEngine({
    gateway: { url: recorder.url, secret: gateway.secret },
    databaseUrl: lasting.databaseUrl,
  });
const as = (token: string) => frontend(engine.url, bearer(token));
const anonymous = () => frontend(engine.url, {});
const ROWS = '{ portcullis_users { id } }';

async function restartGateway(): Promise<void> {
  const { port } = new URL(gateway.url);
  gateway = await startGateway({ replicaOf: lasting, env: { PORT: port } });
}

test('gateway fields answer remote-schema-error and tables work while the gateway is down, and both after its restart', async () => {
  const person = newPerson();
  const signup = await signUp(lasting, person);
  const page = as(signup.accessToken);
  await gateway.close();
  expect(await codes(page.refused(ME))).toEqual(['remote-schema-error']);
  expect(await codes(anonymous().refused(LOGIN, { input: { email: 'x', password: 'x' } }))).toEqual([
    'remote-schema-error',
  ]);
  expect(await page.run(ROWS)).toEqual({ portcullis_users: [{ id: signup.user.id }] });
  await restartGateway();
  expect(await page.run(ME)).toMatchObject({ me: { email: person.email } });
  const input = { refreshToken: signup.refreshToken };
  const { refresh } = await anonymous().run<{ refresh: SignedInAnswer }>(REFRESH, { input });
  expect(await as(refresh.accessToken).run(ME)).toMatchObject({ me: { email: person.email } });
  expect(await engine.inconsistent()).toEqual([]);
});

test('tokens from before and during a restart of Hasura work after the restart', async () => {
  const person = newPerson();
  const signup = await signUp(lasting, person);
  const { email, password } = person;
  await engine.close();
  const { login } = await gateway.graphql<{ login: SignedInAnswer }>(LOGIN, { input: { email, password } });
  engine = await startHasura();
  for (const { accessToken } of [signup, login])
    expect(await as(accessToken).run(`{ me { email } portcullis_users { id } }`)).toEqual({
      me: { email },
      portcullis_users: [{ id: signup.user.id }],
    });
});
