import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Accounts,
  codeOf,
  join,
  openPage,
  passSpacing,
  proveAddress,
  startAccounts,
} from '../accounts/accounts.ts';
import { bearer, logIn, newPerson, SIGNUP, type SignedInAnswer, startGateway } from '../support/gateway.ts';
import { createUser } from './operator.ts';

// With SIGNUP=invited, the mail of a team's invite brings the right to sign up.

let accounts: Accounts;
let owner: Awaited<ReturnType<typeof join>>;
let teamId: string;
beforeAll(async () => {
  accounts = await startAccounts({ SIGNUP: 'invited' });
  const open = await startGateway({ replicaOf: accounts.gateway, env: { SIGNUP: 'on', SMTP_URL: 'off' } });
  owner = await join({ gateway: open }, { teamName: 'Engines' });
  await open.close();
  await proveAddress(accounts.gateway, owner);
  const [row] = await accounts.gateway
    .sql`select team_id from portcullis.memberships where user_id = ${owner.user.id}`;
  teamId = row?.team_id as string;
});
afterAll(() => accounts.close());

const INVITE = 'mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { id } }';
const ACCEPT = 'mutation ($id: ID!) { acceptInvite(input: { inviteId: $id }) { role team { name } } }';
const REVOKE = 'mutation ($id: ID!) { revokeInvite(input: { inviteId: $id }) { id } }';

async function invite(email: string): Promise<string> {
  const input = { teamId, emails: [email], role: 'MEMBER' };
  const { inviteMembers } = await accounts.gateway.graphql<{ inviteMembers: { id: string }[] }>(
    INVITE,
    { input },
    owner.headers,
  );
  return inviteMembers[0]?.id ?? '';
}
const tokenOf = async (email: string, count = 1) =>
  (await accounts.mail(email, 'invitation', count)).link.split('/').at(-1) ?? '';
const refused = (input: object) => codeOf(accounts.gateway.failure(SIGNUP, { input }));

test('the invited person signs up with the token of the mail, and accepts the invite at once', async () => {
  const { gateway } = accounts;
  const person = newPerson();
  const id = await invite(person.email);
  const invitationToken = await tokenOf(person.email);
  const page = await openPage(gateway, `/mail/invitation/${invitationToken}`);
  expect(page.html).toContain('to the team “Engines”');
  const { signup } = await gateway.graphql<{ signup: SignedInAnswer }>(SIGNUP, {
    input: { ...person, invitationToken },
  });
  expect(await gateway.graphql(ACCEPT, { id }, bearer(signup.accessToken))).toMatchObject({
    acceptInvite: { role: 'MEMBER', team: { name: 'Engines' } },
  });
});

test('a person with an account gets the usual link, and the inviter does not learn which it was', async () => {
  const { gateway } = accounts;
  const { email, password } = newPerson();
  await createUser(gateway, { email, password, emailVerified: true });
  const id = await invite(email);
  const { link } = await accounts.notice(email, /invites you/);
  expect(link).toContain(`/mail/invite/${id}`);
  const { accessToken } = await logIn(gateway, { email, password });
  await gateway.graphql(ACCEPT, { id }, bearer(accessToken));
});

test('the token ends with the invite', async () => {
  const { gateway } = accounts;
  const person = newPerson();
  const id = await invite(person.email);
  const invitationToken = await tokenOf(person.email);
  await gateway.graphql(REVOKE, { id }, owner.headers);
  expect(await refused({ ...person, invitationToken })).toBe('invalid_token invitationToken');
});

test('another mail replaces the token of the mail before', async () => {
  const person = newPerson();
  await invite(person.email);
  const first = await tokenOf(person.email);
  await passSpacing(accounts.gateway);
  await invite(person.email);
  const second = await tokenOf(person.email, 2);
  expect(second).not.toBe(first);
  expect(await refused({ ...person, invitationToken: first })).toBe('invalid_token invitationToken');
  await accounts.gateway.graphql(SIGNUP, { input: { ...person, invitationToken: second } });
});

test('the token brings no account once sign-up is off', async () => {
  const { email } = newPerson();
  await invite(email);
  const token = await tokenOf(email);
  const off = await startGateway({ replicaOf: accounts.gateway, env: { SIGNUP: 'off' } });
  expect(await openPage(off, `/mail/invitation/${token}`)).toMatchObject({ status: 410 });
  await off.close();
});
