import { beforeEach, describe, expect, test } from 'vitest';
import { asOperator } from '../operators/operator.ts';
import { forFile } from '../support/for-file.ts';
import {
  isSignedIn,
  LOGIN,
  logIn,
  newPerson,
  type SignedInAnswer,
  signUp,
  startGateway,
} from '../support/gateway.ts';

// A ban is a disabling that ends at a time.

const gateway = forFile(() => startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } }));

let person: ReturnType<typeof newPerson>;
let ada: SignedInAnswer;
beforeEach(async () => {
  person = newPerson();
  ada = await signUp(gateway, person);
});

const operate = (name: 'disableAccount' | 'enableAccount') =>
  gateway.graphql(
    `mutation ($id: ID!) { ${name}(input: { userId: $id }) { disabledAt } }`,
    { id: ada.user.id },
    asOperator(gateway),
  );
/** Bans Ada until a time, in seconds from now. */
async function ban(seconds: number): Promise<void> {
  await operate('disableAccount');
  await gateway.sql`insert into portcullis_private.account_details (user_id, banned_until)
    values (${ada.user.id}, now() + make_interval(secs => ${seconds}))
    on conflict (user_id) do update set banned_until = excluded.banned_until`;
}
const state = async () => {
  const [row] =
    await gateway.sql`select u.disabled_at is not null as disabled, d.banned_until is not null as ends
    from portcullis.users u left join portcullis_private.account_details d on d.user_id = u.id where u.id = ${ada.user.id}`;
  return { ...row };
};
const refusalOf = async (password: string) => {
  const input = { email: person.email, password };
  const [error] = (await gateway.failure(LOGIN, { input })) as [{ extensions: { code: string } }];
  return error.extensions.code;
};
const events = () =>
  gateway.sql`select action, details from portcullis.security_events
    where user_id = ${ada.user.id} and action in ('account_disabled', 'account_enabled') order by id`;

describe('a ban that has not ended', () => {
  test('is told after the right password only: account_disabled', async () => {
    await ban(60);
    expect(await refusalOf('wrong horse')).toBe('invalid_credentials');
    expect(await refusalOf(person.password)).toBe('account_disabled');
    expect(await isSignedIn(gateway, ada)).toBe(false);
    expect(await state()).toEqual({ disabled: true, ends: true });
  });

  test('ends when the operator enables the account', async () => {
    await ban(60);
    await operate('enableAccount');
    expect(await state()).toEqual({ disabled: false, ends: false });
    await logIn(gateway, person);
  });

  test('becomes a disabling without an end when the operator disables the account', async () => {
    await ban(60);
    await operate('disableAccount');
    expect(await state()).toEqual({ disabled: true, ends: false });
  });
});

describe('a ban that has ended', () => {
  test('is lifted by the right password, and not by a wrong one', async () => {
    await ban(-1);
    expect(await refusalOf('wrong horse')).toBe('invalid_credentials');
    expect(await state()).toEqual({ disabled: true, ends: true });
    await logIn(gateway, person);
    expect(await state()).toEqual({ disabled: false, ends: false });
    expect(await events()).toEqual([
      { action: 'account_disabled', details: { by: 'operator' } },
      { action: 'account_enabled', details: { by: 'end of the ban' } },
    ]);
    // The sessions from before the ban stay ended.
    expect(await isSignedIn(gateway, ada)).toBe(false);
  });

  test('is lifted once by eight logins at once', async () => {
    await ban(-1);
    const logins = await Promise.all(Array.from({ length: 8 }, () => logIn(gateway, person)));
    expect(logins).toHaveLength(8);
    expect((await events()).filter(({ action }) => action === 'account_enabled')).toHaveLength(1);
  });

  test('is forgotten when the account is enabled and disabled in the database', async () => {
    await ban(-1);
    await gateway.sql`update portcullis.users set disabled_at = null where id = ${ada.user.id}`;
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${ada.user.id}`;
    expect(await state()).toEqual({ disabled: true, ends: false });
    expect(await refusalOf(person.password)).toBe('account_disabled');
  });
});

test('housekeeping lifts bans that have ended, and no other', async () => {
  const replica = await startGateway({ replicaOf: gateway, env: { HOUSEKEEPING_SECONDS: '1' } });
  try {
    await ban(60);
    const other = await signUp(gateway, newPerson());
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${other.user.id}`;
    const third = await signUp(gateway, newPerson());
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${third.user.id}`;
    await gateway.sql`insert into portcullis_private.account_details (user_id, banned_until)
      values (${third.user.id}, now())`;
    const disabled = (id: string) =>
      gateway.sql`select from portcullis.users where id = ${id} and disabled_at is not null`;
    await expect.poll(() => disabled(third.user.id), { timeout: 20_000 }).toEqual([]);
    expect(await disabled(other.user.id)).toHaveLength(1);
    expect(await state()).toEqual({ disabled: true, ends: true });
  } finally {
    await replica.close();
  }
});
