import { describe, expect, test } from 'vitest';
import {
  CHANGE_EMAIL,
  CHANGE_PASSWORD,
  codeOf,
  eventsOf,
  FORGOT,
  join,
  type Member,
  RESEND,
} from '../accounts/accounts.ts';
import { countJobs } from '../mail/smtp.ts';
import { forFile } from '../support/for-file.ts';
import { LOGIN, newPerson, SIGNUP, signUp, startGateway } from '../support/gateway.ts';
import { foundTeam, INVITE } from '../teams/people.ts';

const gateway = forFile(() =>
  startGateway({
    env: {
      LIMIT_MAIL_PER_RECIPIENT: '3/86400',
      TRUSTED_PROXIES: 'loopback',
      LIMIT_SIGNUP_PER_ADDRESS: '1000/60',
    },
  }),
);

const passSpacing = () => gateway.sql`
  update portcullis_private.rate_limits set resets_at = now() - interval '1 minute'
  where key like 'mail\\_%' and key not like 'mail\\_recipient%'`;
const mailsTo = async (email: string): Promise<string[]> => {
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  const mails = gateway.deps.mailInbox?.list() ?? [];
  return mails.filter(({ to }) => to === email).map(({ subject }) => subject.split(' ', 2).join(' '));
};
const fromAddress = (address: string) => ({ 'x-forwarded-for': address });
const fromHasura = () => ({ 'x-hasura-gateway-secret': gateway.secret });
const outcomeOf = (input: { email: string; password: string }, headers = {}) => {
  const { email, password } = input;
  return gateway.graphql(LOGIN, { input: { email, password } }, headers).then(
    () => 'signed in',
    (error) => error.response.errors[0].extensions.code as string,
  );
};
const signInFrom = async (person: Member, address: string) =>
  expect(await outcomeOf(person, fromAddress(address))).toBe('signed in');
/** Strangers guess until the account is locked for them. */
const lock = async ({ email }: Pick<Member, 'email'>, headers: object = fromHasura()) => {
  for (let i = 0; i < 10; i++)
    expect(await outcomeOf({ email, password: `guess ${i}` }, headers)).toBe('invalid_credentials');
  expect(await outcomeOf({ email, password: 'guess' }, headers)).toBe('rate_limited');
};

describe('limits of mails', () => {
  test('sign-ups that answer already_registered do not use up the mails to the address', async () => {
    const ada = await join({ gateway });
    for (let i = 0; i < 6; i++) {
      await passSpacing();
      const input = newPerson({ email: ada.email });
      expect(await codeOf(gateway.failure(SIGNUP, { input }))).toBe('already_registered email');
    }
    // The refused sign-ups mailed nothing, and two of three mails are left.
    for (let i = 0; i < 2; i++) {
      await gateway.graphql(RESEND, {}, ada.headers);
      await passSpacing();
    }
    await gateway.graphql(FORGOT, { input: { email: ada.email } });
    const mails = await mailsTo(ada.email);
    expect(mails.sort()).toEqual([...Array(3).fill('Confirm your'), 'Set a']);
  });

  test('refused invites do not use up the mails to the other addresses', async () => {
    const { teamId, people } = await foundTeam(gateway, 'MEMBER');
    const [owner, member] = people;
    const guest = newPerson().email;
    for (let i = 0; i < 4; i++) {
      await passSpacing();
      const input = { teamId, emails: [guest, member.email], role: 'MEMBER' };
      expect(await owner.refused(INVITE, { input })).toBe('already_in_team emails.1');
    }
    await owner.run(INVITE, { input: { teamId, emails: [guest], role: 'MEMBER' } });
    expect(await mailsTo(guest)).toHaveLength(1);
  });

  test('a reset is mailed although invites to the address have used up their own cap', async () => {
    const ada = await join({ gateway });
    const { teamId, people } = await foundTeam(gateway);
    for (let i = 0; i < 4; i++) {
      await passSpacing();
      await people[0].run(INVITE, { input: { teamId, emails: [ada.email], role: 'MEMBER' } });
    }
    await gateway.graphql(FORGOT, { input: { email: ada.email } });
    const mails = await mailsTo(ada.email);
    expect(mails.filter((subject) => subject === 'Set a')).toHaveLength(1);
  });

  test('changes to a free address and to a taken address are counted alike: rate_limited', async () => {
    const [ada, grace] = [await join({ gateway }), await join({ gateway })];
    for (const newEmail of [newPerson().email, grace.email]) {
      const input = { newEmail, currentPassword: ada.password };
      await gateway.graphql(CHANGE_EMAIL, { input }, ada.headers);
      expect(await codeOf(gateway.failure(CHANGE_EMAIL, { input }, ada.headers))).toBe('rate_limited');
    }
  });

  test('signup succeeds even if its mail is refused', async () => {
    const { email } = newPerson();
    for (let i = 0; i < 5; i++) {
      const { user } = await signUp(gateway, newPerson({ email }));
      await passSpacing();
      await expect.poll(() => countJobs(gateway.sql)).toBe(0);
      await gateway.sql`update portcullis.users set email = ${`gone-${i}-${email}`} where id = ${user.id}`;
    }
    expect(await mailsTo(email)).toHaveLength(3);
  });
});

describe('ten wrong passwords by strangers', () => {
  test('do not stop the signed-in owner from changing the password', async () => {
    const ada = await join({ gateway });
    await lock(ada);
    const input = { currentPassword: ada.password, newPassword: 'a new passphrase' };
    expect(await gateway.graphql(CHANGE_PASSWORD, { input }, ada.headers)).toEqual({
      changePassword: { ok: true },
    });
  });

  test('do not lock out the owner at a known IP address or in a known /64 network', async () => {
    for (const [home, neighbour, elsewhere] of [
      ['203.0.113.1', '203.0.113.1', '203.0.113.2'],
      ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', '2001:db8:0:2::1'],
    ] as const) {
      const ada = await join({ gateway });
      await signInFrom(ada, home);
      await lock(ada, fromAddress('198.51.100.7'));
      expect(await outcomeOf(ada, fromAddress(elsewhere))).toBe('rate_limited');
      expect(await outcomeOf(ada, fromAddress(neighbour))).toBe('signed in');
      // The owner's login does not unlock the account for the strangers.
      expect(await outcomeOf(ada, fromAddress('198.51.100.7'))).toBe('rate_limited');
    }
  });

  test('from an address of the owner lock the account there until the password is changed', async () => {
    const ada = await join({ gateway });
    await signInFrom(ada, '203.0.113.20');
    await lock(ada, fromAddress('203.0.113.20'));
    expect(await outcomeOf(ada, fromAddress('203.0.113.20'))).toBe('rate_limited');
    expect(await outcomeOf(ada, fromAddress('203.0.113.21'))).toBe('signed in');
    const input = { currentPassword: ada.password, newPassword: 'a new passphrase' };
    await gateway.graphql(CHANGE_PASSWORD, { input }, ada.headers);
    expect(await outcomeOf({ ...ada, password: 'a new passphrase' }, fromAddress('203.0.113.20'))).toBe(
      'signed in',
    );
  });

  test('lock out a caller with the owner’s user agent, with another person’s address, or without a known address: rate_limited', async () => {
    const [ada, grace] = [await join({ gateway }), await join({ gateway })];
    const userAgent = { 'user-agent': 'Firefox', 'x-forwarded-user-agent': 'Firefox' };
    await outcomeOf(ada, { ...fromAddress('203.0.113.30'), ...userAgent });
    await outcomeOf(ada, { ...fromHasura(), ...userAgent });
    await signInFrom(grace, '203.0.113.31');
    await lock(ada);
    for (const headers of [fromHasura(), fromAddress('203.0.113.31'), fromAddress('garbage')])
      expect(await outcomeOf(ada, { ...headers, ...userAgent })).toBe('rate_limited');
  });
});

describe('the lock of an account', () => {
  const locksOf = (userId: string | null) => gateway.sql`
    select user_id, host(address) as address, outcome, details from portcullis.security_events
    where action = 'account_locked' and user_id is not distinct from ${userId}`;

  test('is recorded once when it begins, and not for each refused attempt', async () => {
    const ada = await join({ gateway });
    for (let i = 0; i < 9; i++) await outcomeOf({ ...ada, password: 'guess' }, fromHasura());
    expect(await locksOf(ada.user.id)).toEqual([]);
    for (let i = 0; i < 5; i++) await outcomeOf({ ...ada, password: 'guess' }, fromHasura());
    const details = { tried: 'login', from: 'anywhere' };
    expect(await locksOf(ada.user.id)).toEqual([
      { user_id: ada.user.id, address: null, outcome: 'failure', details },
    ]);
    expect((await eventsOf(gateway, ada.user.id)).filter((event) => event === 'login failure')).toHaveLength(
      10,
    );
  });

  test('is recorded once for thirty concurrent guesses, also for an unknown address', async () => {
    const before = (await locksOf(null)).length;
    const ada = await join({ gateway });
    for (const email of [ada.email, newPerson().email])
      await Promise.all(
        Array.from({ length: 30 }, () => outcomeOf({ email, password: 'guess' }, fromHasura())),
      );
    expect(await locksOf(ada.user.id)).toHaveLength(1);
    const unknown = await locksOf(null);
    expect(unknown).toHaveLength(before + 1);
    expect(JSON.stringify(unknown)).not.toContain('@');
  });

  test('does not begin if the tenth password is correct', async () => {
    const ada = await join({ gateway });
    for (let i = 0; i < 9; i++) await outcomeOf({ ...ada, password: 'guess' }, fromHasura());
    expect(await outcomeOf(ada, fromHasura())).toBe('signed in');
    expect(await locksOf(ada.user.id)).toEqual([]);
    expect(await outcomeOf({ ...ada, password: 'guess' }, fromHasura())).toBe('invalid_credentials');
  });
});
