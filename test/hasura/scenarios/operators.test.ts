import { describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { newPerson } from '../../support/gateway.ts';
import { codes, join, openStage } from './frontend.ts';

// What an operator does to accounts through Hasura: as admin in GraphQL, and by the actions of the console.

const stage = forFile(() => openStage({ env: { HASURA_ROLES: 'editor' } }));

const run = async <T>(name: string, input: object, type: string, selection: string): Promise<T> => {
  const document = `mutation Do($input: ${type}!) { ${name}(input: $input) { ${selection} } }`;
  return (await stage.console().run<Record<string, T>>(document, { input }))[name] as T;
};

describe('the actions of the console', () => {
  test('create, change and delete a user, and lead to the row of the user', async () => {
    const { email } = newPerson();
    const selection = 'userId user { email name }';
    const created = await run<{ userId: string }>(
      'createUserAction',
      { email, name: 'Ada', sendLink: true },
      'CreateUserActionInput',
      selection,
    );
    expect(created).toMatchObject({ user: { email, name: 'Ada' } });
    const { userId } = created;
    expect(
      await run('updateUserAction', { userId, name: 'Zoë' }, 'UpdateUserActionInput', selection),
    ).toMatchObject({ userId, user: { email, name: 'Zoë' } });
    expect(await stage.mailedToken(email, 'reset-password')).toMatch(/^pot_/);
    const input = { userId };
    const type = 'AccountActionInput';
    for (const name of ['disableAccountAction', 'enableAccountAction'])
      expect(await run(name, input, type, 'userId')).toEqual({ userId });
    expect(await run('deleteUserAction', input, type, 'userId')).toEqual({ userId });
    expect(
      await codes(
        stage
          .console()
          .refused(`mutation { sendPasswordResetAction(input: { userId: "${userId}" }) { userId } }`),
      ),
    ).toEqual(['not_found']);
  });

  test('end the sessions of a user at once', async () => {
    const ada = await join(stage);
    const input = { userId: ada.user.id };
    expect(
      await run('endUserSessionsAction', input, 'AccountActionInput', 'sessionsEnded user { id }'),
    ).toEqual({ sessionsEnded: 2, user: { id: ada.user.id } }); // the sign-up's and the sign-in's
    expect(await codes(stage.as(ada.accessToken).refused('{ me { id } }'))).toEqual(['unauthenticated']);
  });

  test('invite an address, and name the attribute of an error', async () => {
    const { email } = newPerson();
    const invited = await run<{ email: string; expiresAt: string }>(
      'inviteUserAction',
      { email },
      'InviteUserActionInput',
      'email expiresAt',
    );
    expect(invited.email).toBe(email);
    expect(
      await stage.console().refused('mutation { createUserAction(input: { email: "x" }) { userId } }'),
    ).toMatchObject([{ extensions: { code: 'invalid', attribute: 'email' } }]);
  });

  test('refuse an input that Hasura would not send, and every role but admin', async () => {
    const { gateway } = stage;
    const call = (input: unknown, role = 'admin') =>
      gateway.post(
        '/hasura/actions/deleteUserAction',
        { input, session_variables: { 'x-hasura-role': role } },
        { 'x-hasura-gateway-secret': gateway.secret },
      );
    for (const input of [undefined, null, {}, { input: {} }, { input: { userId: 1 } }])
      expect(await call(input)).toMatchObject({ status: 400, body: { code: 'invalid_input' } });
    const ada = await join(stage);
    expect(await call({ input: { userId: ada.user.id } }, 'user')).toMatchObject({
      body: { code: 'permission_denied' },
    });
    const unauthorised = await gateway.post('/hasura/actions/deleteUserAction', {
      ...{ input: { input: { userId: ada.user.id } }, session_variables: { 'x-hasura-role': 'admin' } },
    });
    expect(unauthorised.body).toMatchObject({ code: 'permission_denied' });
    await stage.as(ada.accessToken).run('{ me { id } }');
  });
});

test('admin lists and creates users in GraphQL, and other roles do not see the operations', async () => {
  const { email } = newPerson();
  await run('createUser', { email }, 'CreateUserInput', 'userId');
  expect(
    await stage.console().run('query ($email: String!) { users(search: $email) { email } }', { email }),
  ).toEqual({
    users: [{ email }],
  });
  const ada = await join(stage);
  for (const page of [stage.anonymous(), stage.as(ada.accessToken)])
    for (const operation of [
      '{ users { userId } }',
      'mutation { createUser(input: { email: "x" }) { userId } }',
      'mutation { createUserAction(input: { email: "x" }) { userId } }',
    ])
      expect(await codes(page.refused(operation)), operation).toEqual(['validation-failed']);
});
