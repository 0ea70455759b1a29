import { describe, expect, test } from 'vitest';
import { queueCode } from '../../src/flows/shared/code-requests.ts';
import { forFile } from '../support/for-file.ts';
import { newPerson, type Person, signUp } from '../support/gateway.ts';
import { SITE, startCodes } from './codes.ts';
import { codeOf, hasCode, mailsTo } from './mailbox.ts';
import { bearer } from './wire.ts';

// A stranger signs up with an address that is not theirs, and its owner proves it later by a code (Sudhodanan and Paverd 2022).

const codes = forFile(() => startCodes());

const by = { device: { address: null, userAgent: null } };

/** A stranger's account with the owner's address: a password, a session, a team with an accomplice, a number, a linked identity. */
async function planted() {
  const { sql } = codes.gateway;
  const person = newPerson();
  const { user, accessToken } = await signUp(codes.gateway, person);
  const accomplice = await signUp(codes.gateway, newPerson());
  await sql`
    insert into portcullis.memberships (team_id, user_id, role)
    select m.team_id, ${user.id}, 'MEMBER' from portcullis.memberships m where m.user_id = ${accomplice.user.id} limit 1`;
  await sql`
    insert into portcullis.identities (id, user_id, provider, subject)
    values (gen_random_uuid(), ${user.id}, 'github', ${user.id})`;
  await sql`
    insert into portcullis.phones (user_id, number, verified_at)
    values (${user.id}, ${`+1500${Math.floor(Math.random() * 9_000_000) + 1_000_000}`}, now())`;
  return { person, id: user.id, accessToken };
}

const leftOf = async (id: string) => {
  const [row] = await codes.gateway.sql`
    select (select count(*)::int from portcullis.sessions where user_id = ${id} and revoked_at is null) as sessions,
      (select count(*)::int from portcullis.memberships where user_id = ${id} and role <> 'OWNER') as memberships,
      (select count(*)::int from portcullis.identities where user_id = ${id}) as identities,
      (select count(*)::int from portcullis.phones where user_id = ${id}) as phones`;
  return row;
};

const logIn = ({ email, password }: Pick<Person, 'email' | 'password'>) =>
  codes.post('/token?grant_type=password', { email, password });

describe('an account that a stranger planted', () => {
  test.each(['/otp', '/magiclink', '/recover'])(
    'loses everything once its owner proves the address by %s',
    async (path) => {
      const { person, id, accessToken } = await planted();
      await codes.post(path, { email: person.email });
      const { code, type } = await codes.mailed(person.email);
      const { status } = await codes.post('/verify', { type, email: person.email, token: code });
      expect(status).toBe(200);
      expect(await leftOf(id)).toEqual({ sessions: 1, memberships: 0, identities: 0, phones: 0 });
      expect(await logIn(person)).toMatchObject({ status: 400, body: { error_code: 'email_not_confirmed' } });
      const [error] = (await codes.gateway.failure('{ sessions { id } }', {}, bearer(accessToken))) as [
        { extensions: { code: string } },
      ];
      expect(error.extensions.code).toBe('unauthenticated');
    },
  );

  test('loses it by a link and by PKCE too', async () => {
    const { person, id } = await planted();
    await codes.post('/otp', {
      email: person.email,
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 's256',
    });
    const { link } = await codes.mailed(person.email);
    expect((await codes.open(link)).headers.get('location')).toMatch(/\?code=/);
    expect(await leftOf(id)).toEqual({ sessions: 0, memberships: 0, identities: 0, phones: 0 });
  });
});

describe('the code of a sign-up', () => {
  const mailSignUp = (person: { id: string; email: string }, keepsPassword: boolean) =>
    codes.gateway.deps.db.transaction((tx) =>
      queueCode(tx, codes.gateway.deps, by, {
        to: { userId: person.id, email: person.email },
        ...{ purpose: 'signup', keepsPassword, redirects: [SITE], codeChallenge: null },
      }),
    );

  test('keeps the password with which it was asked for, and ends earlier sessions', async () => {
    const { person, id } = await planted();
    await mailSignUp({ id, email: person.email }, true);
    const { code } = await codes.mailed(person.email);
    await codes.post('/verify', { type: 'signup', email: person.email, token: code });
    expect(await leftOf(id)).toMatchObject({ sessions: 1 });
    expect(await logIn(person)).toMatchObject({ status: 200 });
  });

  test('does not keep it once another password was given, not even if the first one is given again', async () => {
    const { person, id } = await planted();
    await mailSignUp({ id, email: person.email }, true);
    await mailSignUp({ id, email: person.email }, false);
    await mailSignUp({ id, email: person.email }, true);
    await codes.post('/resend', { type: 'signup', email: person.email });
    await codes.countMails(person.email);
    const mails = mailsTo(codes.smtp, person.email).filter(hasCode);
    expect(mails.length).toBeGreaterThan(0);
    const answers = await Promise.all(
      mails.map((mail) =>
        codes.post('/verify', { type: 'signup', email: person.email, token: codeOf(mail) }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await logIn(person)).toMatchObject({ status: 400 });
  });
});

test('an account that was never opened keeps what an operator gave it', async () => {
  const { sql } = codes.gateway;
  const owner = await signUp(codes.gateway, newPerson());
  const { email } = newPerson();
  await codes.post('/otp', { email });
  const { code } = await codes.mailed(email);
  const [row] = await sql`select id from portcullis.users where email = ${email}`;
  const id = String(row?.id);
  await sql`
    insert into portcullis.memberships (team_id, user_id, role)
    select team_id, ${id}, 'MEMBER' from portcullis.memberships where user_id = ${owner.user.id} limit 1`;
  await codes.post('/verify', { type: 'email', email, token: code });
  expect(await leftOf(id)).toMatchObject({ memberships: 1 });
});
