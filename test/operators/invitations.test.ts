import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type Accounts,
  allAtOnce,
  codeOf,
  eventsOf,
  passSpacing,
  startAccounts,
} from '../accounts/accounts.ts';
import { bearer, logIn, ME, newPerson, post, SIGNUP, type SignedInAnswer } from '../support/gateway.ts';
import { createUser, INVITE_USER, operate, refusedOperation } from './operator.ts';

// SIGNUP=invited: an operator invites an address, and its owner signs up with the mailed token.

let accounts: Accounts;
beforeAll(async () => {
  accounts = await startAccounts({ SIGNUP: 'invited', LIMIT_SIGNUP_PER_ADDRESS: '1000/60' });
});
afterAll(() => accounts.close());

const invite = (email: string) =>
  operate<{ email: string; expiresAt: string }>(accounts.gateway, INVITE_USER, { email });
const refusedInvite = (email: string) => codeOf(refusedOperation(accounts.gateway, INVITE_USER, { email }));

/** The token of the latest mail of an invitation. */
async function tokenOf(email: string, count = 1): Promise<string> {
  const { link } = await accounts.mail(email, 'invitation', count);
  return link.split('/').at(-1) ?? '';
}
async function invited(email: string): Promise<string> {
  await invite(email);
  return tokenOf(email);
}
const signUp = async (input: object): Promise<SignedInAnswer> =>
  (await accounts.gateway.graphql<{ signup: SignedInAnswer }>(SIGNUP, { input })).signup;
const refused = (input: object) => accounts.gateway.failure(SIGNUP, { input });

describe('inviteUser', () => {
  test('mails a link that works once, and makes no account', async () => {
    const { gateway } = accounts;
    const { email } = newPerson();
    const made = await invite(` ${email.toUpperCase()}`);
    expect(made.email).toBe(email);
    expect(new Date(made.expiresAt).getTime() - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    const { subject, text } = await accounts.mail(email, 'invitation');
    expect(subject).toBe('You are invited to auth.example.com');
    expect(text).toContain(made.expiresAt.slice(0, 10));
    expect(await gateway.sql`select from portcullis.users where email = ${email}`).toHaveLength(0);
  });

  test('refuses what is not an address, an address with an account, and a second mail within a minute', async () => {
    const { email } = newPerson();
    expect(await refusedInvite(' ')).toBe('required email');
    expect(await refusedInvite('x')).toBe('invalid email');
    await invite(email);
    expect(await refusedInvite(email)).toBe('rate_limited');
    const taken = newPerson().email;
    await createUser(accounts.gateway, { email: taken });
    expect(await refusedInvite(taken)).toBe('already_registered email');
  });

  test('keeps neither a token nor its hash in the job or the log', async () => {
    const { gateway } = accounts;
    const token = await invited(newPerson().email);
    expect(token).toMatch(/^pot_[\w-]{43}$/);
    const [row] = await gateway.sql`select count(*)::int as n from portcullis_private.signup_invitations
      where token_hash = sha256(${token}::bytea)`;
    expect(row).toEqual({ n: 1 });
    expect(gateway.logged()).not.toContain(token);
  });
});

describe('signup with SIGNUP=invited', () => {
  test('creates a verified account in a proven session, with a default team, and mails nothing more', async () => {
    const { gateway } = accounts;
    const { teamName: _, ...person } = newPerson();
    const invitationToken = await invited(person.email);
    const { accessToken, teamToken, user } = await signUp({ ...person, invitationToken });
    expect(user).toMatchObject({ email: person.email, emailVerified: true });
    expect(teamToken).not.toBeNull();
    const { me } = await gateway.graphql<{ me: { memberships: object[] } }>(ME, {}, bearer(accessToken));
    expect(me.memberships).toHaveLength(1);
    const [proofs] =
      await gateway.sql`select s.proven_at is not null as session, p.proven_at is not null as password
      from portcullis.sessions s join portcullis_private.passwords p using (user_id) where user_id = ${user.id}`;
    expect(proofs).toEqual({ session: true, password: true });
    expect(await eventsOf(gateway, user.id)).toEqual(['invitation_accepted', 'team_created', 'signup']);
    expect(accounts.smtp.mails.filter(({ to }) => to.includes(person.email))).toHaveLength(1);
    await logIn(gateway, person);
    expect(await codeOf(refused({ ...person, invitationToken }))).toBe('invalid_token invitationToken');
  });

  test('creates the named team instead of the default one', async () => {
    const person = newPerson({ teamName: 'Engines' });
    const { accessToken } = await signUp({ ...person, invitationToken: await invited(person.email) });
    const { me } = await accounts.gateway.graphql<{ me: object }>(ME, {}, bearer(accessToken));
    expect(me).toMatchObject({ memberships: [{ role: 'OWNER', team: { name: 'Engines' } }] });
  });

  test('without a right token answers the same for an address with an account and for any other', async () => {
    const { gateway } = accounts;
    const known = newPerson();
    await createUser(gateway, { email: known.email, password: known.password });
    const other = await invited(newPerson().email);
    const hashes = () => gateway.deps.hashGate.finished;
    for (const invitationToken of ['', 'made-up', other]) {
      const answers = [];
      for (const email of [known.email, newPerson().email]) {
        const before = hashes();
        answers.push(await refused(newPerson({ email, ...{ invitationToken } })));
        expect(hashes()).toBe(before); // no hash for either
      }
      expect(answers[0]).toEqual(answers[1]);
      const code = invitationToken === '' ? 'required' : 'invalid_token';
      expect(answers[0]).toMatchObject([{ extensions: { code, attribute: 'invitationToken' } }]);
    }
  });

  test('accepts any spelling of the invited address', async () => {
    const person = newPerson({ email: `zoe-${Date.now()}@bücher.example` });
    await invite(person.email);
    const email = person.email.replace('bücher', 'xn--bcher-kva');
    const { user } = await signUp({
      ...person,
      email: person.email.toUpperCase(),
      invitationToken: await tokenOf(person.email),
    });
    expect(user.email).toBe(email);
  });

  test('checks the input before the token, so that a weak password does not use it up', async () => {
    const person = newPerson();
    const invitationToken = await invited(person.email);
    expect(await codeOf(refused({ ...person, password: 'short', invitationToken }))).toBe(
      'min_length password',
    );
    expect(await codeOf(refused({ ...person, name: ' ' }))).toBe('required name');
    await signUp({ ...person, invitationToken });
  });

  test('of eight sign-ups at once with one token one succeeds', async () => {
    const person = newPerson();
    const invitationToken = await invited(person.email);
    const outcomes = await allAtOnce(8, () => signUp({ ...person, invitationToken }));
    expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(['done', 'invalid_token']));
  });

  test('accepts only the link of the last invitation, and none after it has expired', async () => {
    const { gateway } = accounts;
    const person = newPerson();
    const first = await invited(person.email);
    await passSpacing(gateway);
    await invite(person.email);
    expect(await codeOf(refused({ ...person, invitationToken: first }))).toBe(
      'invalid_token invitationToken',
    );
    const second = await tokenOf(person.email, 2);
    const expire = (interval: string) => gateway.sql`
      update portcullis_private.signup_invitations set expires_at = now() + ${interval}::interval where email = ${person.email}`;
    await expire('-1 second');
    expect(await codeOf(refused({ ...person, invitationToken: second }))).toBe(
      'invalid_token invitationToken',
    );
    await expire('1 hour');
    await signUp({ ...person, invitationToken: second });
  });

  test('answers already_registered if the invited address has got an account', async () => {
    const person = newPerson();
    const invitationToken = await invited(person.email);
    await createUser(accounts.gateway, { email: person.email });
    expect(await codeOf(refused({ ...person, invitationToken }))).toBe('already_registered email');
  });

  test('takes the token as invitation_token in the portal, and names that attribute', async () => {
    const { gateway } = accounts;
    const { teamName: team_name, ...person } = newPerson();
    const signup = (more: object) => post(`${gateway.url}/api/v1/signup`, { ...person, team_name, ...more });
    const attribute = 'invitation_token';
    expect((await signup({})).body).toMatchObject({ code: 'required', attribute });
    expect((await signup({ invitation_token: 'x' })).body).toMatchObject({
      code: 'invalid_token',
      attribute,
    });
    expect((await signup({ invitation_token: await invited(person.email) })).status).toBe(201);
  });

  test('is told by authConfig', async () => {
    expect(await accounts.gateway.graphql('{ authConfig { signup signupByInvitation } }')).toEqual({
      authConfig: { signup: false, signupByInvitation: true },
    });
  });
});

describe('invitations', () => {
  beforeEach(() => accounts.gateway.sql`delete from portcullis_private.signup_invitations`);

  test('are deleted by housekeeping once they have expired', async () => {
    const { gateway } = accounts;
    const [old, live] = [newPerson().email, newPerson().email];
    await invite(old);
    await invite(live);
    await gateway.sql`update portcullis_private.signup_invitations set expires_at = now() - interval '1 second'
      where email = ${old}`;
    await post(`${gateway.url}/hasura/cron/prune`, {}, { 'x-hasura-gateway-secret': gateway.secret });
    const kept = await gateway.sql`select email from portcullis_private.signup_invitations`;
    expect(kept.map(({ email }) => email)).toEqual([live]);
  });
});
