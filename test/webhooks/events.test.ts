import { afterEach, expect, test } from 'vitest';
import { DELETE_ACCOUNT, DISABLE, ENABLE } from '../accounts/accounts.ts';
import { startSmtp } from '../mail/smtp.ts';
import { asOperator, createUser, DELETE_USER, INVITE_USER, operate } from '../operators/operator.ts';
import {
  bearer,
  logIn,
  newPerson,
  SIGNUP,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { createWebhookSecret, type Receiver, startReceiver, verify } from './receiver.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startBoth(env: Record<string, string> = {}) {
  const secret = createWebhookSecret();
  const receiver = await startReceiver();
  closing.push(receiver.close);
  const gateway = await startGateway({
    env: {
      WEBHOOK_URLS: receiver.url,
      WEBHOOK_SECRETS: secret,
      WEBHOOK_ALLOW_PRIVATE: 'loopback',
      SMTP_URL: 'off',
      ...env,
    },
  });
  closing.push(gateway.close);
  return { secret, receiver, gateway };
}

const countWebhooks = async ({ sql }: TestGateway): Promise<number> =>
  (
    await sql<[{ n: number }]>`
    select count(*)::int as n from portcullis_jobs.jobs where task_identifier like 'webhook %'`
  )[0].n;

/** Waits until every webhook is delivered, and returns the types in the order of the events. */
const typesOf = async (gateway: TestGateway, receiver: Receiver): Promise<string[]> => {
  await expect.poll(() => countWebhooks(gateway)).toBe(0);
  return receiver.deliveries
    .map(({ told }) => told)
    .sort((one, other) => one.timestamp.localeCompare(other.timestamp))
    .map(({ type }) => type);
};

test('a sign-up, a sign-in, a disabling and a deletion send signed webhooks with ids only', async () => {
  const { secret, receiver, gateway } = await startBoth();
  const { teamName: _, ...person } = newPerson({ name: 'Ada Lovelace' });
  const { user } = await signUp(gateway, person);
  const { accessToken, refreshToken } = await logIn(gateway, person);
  const input = { userId: user.id };
  await gateway.graphql(DISABLE, { input }, asOperator(gateway));
  await gateway.graphql(DISABLE, { input }, asOperator(gateway));
  await gateway.graphql(ENABLE, { input }, asOperator(gateway));
  const again = await logIn(gateway, person);
  await gateway.graphql(
    DELETE_ACCOUNT,
    { input: { currentPassword: person.password } },
    bearer(again.accessToken),
  );
  expect(await typesOf(gateway, receiver)).toEqual([
    'user.created',
    'user.signed_in',
    'user.disabled',
    'user.enabled',
    'user.signed_in',
    'user.deleted',
  ]);
  for (const delivery of receiver.deliveries) {
    expect(verify(secret, delivery)).toEqual(delivery.told);
    expect(delivery.told.data.userId).toBe(user.id);
    expect(delivery.headers['content-type']).toBe('application/json');
    expect(delivery.path).toBe('/hooks/key');
    for (const told of [person.email, person.password, 'Ada', accessToken, refreshToken])
      expect(delivery.body).not.toContain(told);
  }
  const dataOf = (type: string) => receiver.deliveries.find(({ told }) => told.type === type)?.told.data;
  expect(dataOf('user.created')).toEqual({ userId: user.id, by: 'signup' });
  expect(dataOf('user.deleted')).toEqual({ userId: user.id, by: 'user' });
  expect(dataOf('user.signed_in')).toEqual({ userId: user.id, sessionId: expect.any(String) });
  expect(new Set(receiver.deliveries.map(({ headers }) => headers['webhook-id'])).size).toBe(6);
});

test('what an operator does to a user sends webhooks, and so does an accepted invitation', async () => {
  const smtp = await startSmtp();
  closing.push(smtp.stop);
  const env = { SMTP_URL: smtp.url, HASURA_ROLES: 'editor', SIGNUP: 'invited' };
  const { receiver, gateway } = await startBoth(env);
  const { userId } = await createUser(gateway, { email: newPerson().email });
  const SET_ROLES = 'mutation ($input: SetUserRolesInput!) { setUserRoles(input: $input) { roles } }';
  for (const roles of [['editor'], ['editor'], []]) await operate(gateway, SET_ROLES, { userId, roles });
  await operate(gateway, DELETE_USER, { userId });
  const person = newPerson();
  await operate(gateway, INVITE_USER, { email: person.email });
  const [mail] = await smtp.receive(1);
  const input = { ...person, invitationToken: mail?.token };
  const { signup } = await gateway.graphql<{ signup: { user: { id: string } } }>(SIGNUP, { input });
  await expect.poll(() => countWebhooks(gateway)).toBe(0);
  const told = receiver.deliveries
    .map(({ told: { type, timestamp, data } }) => ({ type, timestamp, data }))
    .sort((one, other) => one.timestamp.localeCompare(other.timestamp))
    .map(({ type, data }) => [type, data]);
  expect(told).toEqual([
    ['user.created', { userId, by: 'operator' }],
    ['user.roles_changed', { userId, teamId: null, roles: ['editor'] }],
    ['user.roles_changed', { userId, teamId: null, roles: [] }],
    ['user.deleted', { userId, by: 'operator' }],
    ['user.created', { userId: signup.user.id, by: 'invitation' }],
  ]);
  expect(receiver.deliveries.map(({ body }) => body).join()).not.toContain(person.email);
});

test('a change that is rolled back or refused sends no webhook', async () => {
  const { receiver, gateway } = await startBoth();
  const person = newPerson();
  await signUp(gateway, person);
  await gateway.failure(SIGNUP, { input: person });
  await expect(logIn(gateway, { ...person, password: 'wrong' })).rejects.toThrow('invalid_credentials');
  expect(await typesOf(gateway, receiver)).toEqual(['user.created']);
});

test('WEBHOOK_EVENTS chooses the events', async () => {
  const { receiver, gateway } = await startBoth({ WEBHOOK_EVENTS: 'user.signed_in,user.deleted' });
  const person = newPerson();
  await signUp(gateway, person);
  await logIn(gateway, person);
  expect(await typesOf(gateway, receiver)).toEqual(['user.signed_in']);
});

test('every secret signs each webhook while secrets rotate', async () => {
  const secrets = [createWebhookSecret(), createWebhookSecret()];
  const { receiver, gateway } = await startBoth({ WEBHOOK_SECRETS: secrets.join(',') });
  await signUp(gateway);
  await receiver.receive(1);
  const [delivery] = receiver.deliveries;
  for (const secret of secrets) expect(delivery && verify(secret, delivery)).toBeTruthy();
  expect(() => delivery && verify(createWebhookSecret(), delivery)).toThrow('No matching signature');
});

test('without WEBHOOK_URLS nothing is queued', async () => {
  const gateway = await startGateway({ env: { SMTP_URL: 'off' } });
  closing.push(gateway.close);
  const person = newPerson();
  await signUp(gateway, person);
  await logIn(gateway, person);
  expect(await countWebhooks(gateway)).toBe(0);
});
