import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, signUp, startGateway } from '../support/gateway.ts';
import { codeOf } from './accounts.ts';

// How a user shows that it is they who change the account, where the account has no password.

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));

describe('a user without a password', () => {
  const withoutPassword = async () => {
    const ada = await signUp(gateway);
    await gateway.sql`delete from portcullis_private.passwords where user_id = ${ada.user.id}`;
    return ada;
  };
  const DELETE = 'mutation { deleteAccount(input: {}) { ok } }';
  const CHANGE = 'mutation { changeEmail(input: { newEmail: "new-address@example.com" }) { ok } }';

  test('changes the address and deletes the account by a fresh sign-in', async () => {
    const ada = await withoutPassword();
    const headers = bearer(ada.accessToken);
    expect(await gateway.graphql(CHANGE, {}, headers)).toEqual({ changeEmail: { ok: true } });
    expect(await gateway.graphql(DELETE, {}, headers)).toEqual({ deleteAccount: { ok: true } });
  });

  const letSignInAge = (userId: string) =>
    gateway.sql`update portcullis.sessions set created_at = created_at - interval '16 minutes', methods = (
      select jsonb_agg(jsonb_set(used, '{timestamp}', to_jsonb((used ->> 'timestamp')::bigint - 960)))
      from jsonb_array_elements(methods) used) where user_id = ${userId}`;

  test('shows a mailed code after 15 minutes: once, and within five guesses', async () => {
    const ada = await withoutPassword();
    await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${ada.user.id}`;
    await letSignInAge(ada.user.id);
    const headers = bearer(ada.accessToken);
    const ask = 'mutation { requestReauthentication { ok } }';
    expect(await gateway.graphql(ask, {}, headers)).toEqual({ requestReauthentication: { ok: true } });
    const mailed = () =>
      (gateway.deps.mailInbox?.list() ?? []).find(
        ({ to, text }) => to === ada.user.email && /\b\d{6}\b/.test(text),
      );
    await expect.poll(mailed).toBeDefined();
    const [code = ''] = /\b\d{6}\b/.exec(mailed()?.text ?? '') ?? [];
    const change = (typed: string) =>
      `mutation { changeEmail(input: { newEmail: "${typed}@example.com", code: "${typed}" }) { ok } }`;
    const wrong = code === '000000' ? '000001' : '000000';
    expect(await codeOf(gateway.failure(change(wrong), {}, headers))).toBe('reauthentication_not_valid code');
    expect(await gateway.graphql(change(code), {}, headers)).toEqual({ changeEmail: { ok: true } });
    expect(await codeOf(gateway.failure(change(code), {}, headers))).toBe('reauthentication_not_valid code');
  });

  test('needs a new sign-in after 15 minutes', async () => {
    const ada = await withoutPassword();
    await letSignInAge(ada.user.id);
    for (const mutation of [DELETE, CHANGE])
      expect(await codeOf(gateway.failure(mutation, {}, bearer(ada.accessToken)))).toBe(
        'reauthentication_needed',
      );
  });

  test('who has one must show it, however fresh the sign-in is', async () => {
    const ada = await signUp(gateway);
    for (const mutation of [DELETE, CHANGE])
      expect(await codeOf(gateway.failure(mutation, {}, bearer(ada.accessToken)))).toBe(
        'required currentPassword',
      );
  });

  test('whose password a stranger chose, and which is suspended, needs none', async () => {
    const ada = await signUp(gateway);
    await gateway.sql`update portcullis_private.passwords set suspended_at = now() where user_id = ${ada.user.id}`;
    expect(await gateway.graphql(DELETE, {}, bearer(ada.accessToken))).toEqual({
      deleteAccount: { ok: true },
    });
  });
});
