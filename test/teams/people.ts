import { expect } from 'vitest';
import { bearer, logIn, newPerson, type Person, signUp, type TestGateway } from '../support/gateway.ts';

export type Someone = {
  id: string;
  email: string;
  password: string;
  token: string;
  teamToken: string | null;
  /** Runs an operation as this person. */
  run<Data = Record<string, unknown>>(document: string, variables?: object): Promise<Data>;
  /** Runs an operation that must fail, and returns its error codes and attributes. */
  refused(document: string, variables?: object): Promise<string>;
};

function someone(
  gateway: TestGateway,
  person: Person,
  signedIn: { accessToken: string; teamToken: string | null; user: { id: string } },
): Someone {
  const { accessToken: token, teamToken, user } = signedIn;
  return {
    id: user.id,
    email: person.email,
    password: person.password,
    token,
    teamToken,
    run: (document, variables) => gateway.graphql(document, variables, bearer(token)),
    refused: async (document, variables) => {
      const errors = (await gateway.failure(document, variables, bearer(token))) as {
        extensions: { code: string; attribute: string | null };
      }[];
      return errors
        .map(({ extensions: { code, attribute } }) => (attribute === null ? code : `${code} ${attribute}`))
        .join(', ');
    },
  };
}

/** Signs up a person without a team. Their address is verified unless `verified` is false. */
export async function join(
  gateway: TestGateway,
  { verified = true, ...overrides }: { verified?: boolean; email?: string; name?: string } = {},
): Promise<Someone> {
  const { teamName: _, ...person } = newPerson(overrides);
  const signedIn = await signUp(gateway, person);
  if (verified) await proveAddress(gateway, signedIn.user.id);
  return someone(gateway, person, signedIn);
}

/** Marks the address, the password and the sessions of a user as proven. */
export async function proveAddress(gateway: TestGateway, userId: string): Promise<void> {
  await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${userId}`;
  await gateway.sql`update portcullis.sessions set proven_at = now() where user_id = ${userId}`;
  await gateway.sql`update portcullis_private.passwords set proven_at = now() where user_id = ${userId}`;
}

/** Signs the same person in on another device. */
export async function joinAgain(gateway: TestGateway, { email, password }: Someone): Promise<Someone> {
  return someone(gateway, { email, password, name: '' }, await logIn(gateway, { email, password }));
}

/** Founds a team, whose first person is the OWNER. The others join in the given roles. */
export async function foundTeam<Others extends ('OWNER' | 'ADMIN' | 'MEMBER')[]>(
  gateway: TestGateway,
  ...others: Others
): Promise<{ teamId: string; people: [Someone, ...{ [Key in keyof Others]: Someone }] }> {
  const owner = await join(gateway);
  const { createTeam } = await owner.run<{ createTeam: { team: { id: string } } }>(CREATE_TEAM, {
    input: { name: 'Engines' },
  });
  const teamId = createTeam.team.id;
  const people = [owner];
  for (const role of others) {
    const person = await join(gateway);
    await gateway.sql`
      insert into portcullis.memberships (team_id, user_id, role) values (${teamId}, ${person.id}, ${role})`;
    people.push(person);
  }
  return { teamId, people: people as never };
}

/** An id that no row has. */
export const UNKNOWN_ID = '018f0000-0000-7000-8000-00000000dead';

export const CREATE_TEAM = /* GraphQL */ `
  mutation ($input: CreateTeamInput!) { createTeam(input: $input) { role team { id name myRole } } }
`;
export const RENAME_TEAM = /* GraphQL */ `
  mutation ($input: RenameTeamInput!) { renameTeam(input: $input) { id name myRole } }
`;
export const DELETE_TEAM = /* GraphQL */ `
  mutation ($input: DeleteTeamInput!) { deleteTeam(input: $input) { id } }
`;
export const SWITCH_TEAM = /* GraphQL */ `
  mutation ($input: SwitchTeamInput!) {
    switchTeam(input: $input) { teamToken expiresAt membership { role team { id name } } }
  }
`;
export const TEAM = /* GraphQL */ `
  query ($id: ID!, $first: Int! = 100, $after: ID) {
    team(id: $id) {
      id
      name
      myRole
      members(first: $first, after: $after) { id name email role joinedAt }
      projects { id name teamId }
      invites { id email role expiresAt }
    }
  }
`;
export const CREATE_PROJECT = /* GraphQL */ `
  mutation ($input: CreateProjectInput!) { createProject(input: $input) { id teamId name } }
`;
export const RENAME_PROJECT = /* GraphQL */ `
  mutation ($input: RenameProjectInput!) { renameProject(input: $input) { id name } }
`;
export const DELETE_PROJECT = /* GraphQL */ `
  mutation ($input: DeleteProjectInput!) { deleteProject(input: $input) { id } }
`;
export const CHANGE_ROLE = /* GraphQL */ `
  mutation ($input: ChangeMemberRoleInput!) { changeMemberRole(input: $input) { id role email } }
`;
export const REMOVE_MEMBER = /* GraphQL */ `
  mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { id } }
`;
export const LEAVE_TEAM = /* GraphQL */ `
  mutation ($input: LeaveTeamInput!) { leaveTeam(input: $input) { id } }
`;
export const INVITE = /* GraphQL */ `
  mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { id email role expiresAt createdAt } }
`;
export const REVOKE_INVITE = /* GraphQL */ `
  mutation ($input: InviteInput!) { revokeInvite(input: $input) { id } }
`;
export const ACCEPT_INVITE = /* GraphQL */ `
  mutation ($input: InviteInput!) { acceptInvite(input: $input) { role team { id name } } }
`;
export const DECLINE_INVITE = /* GraphQL */ `
  mutation ($input: InviteInput!) { declineInvite(input: $input) { id } }
`;
export const MY_INVITES = /* GraphQL */ `
  { myInvites { id teamName inviterName role expiresAt } }
`;

export type InviteAnswer = { id: string; email: string; role: string; expiresAt: string; createdAt: string };

/** Runs `inviteMembers` as a person, and returns the invites. */
export async function invite(by: Someone, input: object): Promise<InviteAnswer[]> {
  return (await by.run<{ inviteMembers: InviteAnswer[] }>(INVITE, { input })).inviteMembers;
}

/** The roles of a team's members, by user id. */
export async function rolesIn(gateway: TestGateway, teamId: string): Promise<Record<string, string>> {
  const rows = await gateway.sql<{ userId: string; role: string }[]>`
    select user_id as "userId", role from portcullis.memberships where team_id = ${teamId}`;
  return Object.fromEntries(rows.map(({ userId, role }) => [userId, role]));
}

/** The security events of a team, oldest first. */
export async function eventsOf(
  gateway: TestGateway,
  teamId: string,
): Promise<{ action: string; by: string; sessionId: string | null; details: unknown }[]> {
  return [
    ...(await gateway.sql<{ action: string; by: string; sessionId: string | null; details: unknown }[]>`
      select action, user_id as by, session_id as "sessionId", details from portcullis.security_events
      where team_id = ${teamId} order by id`),
  ];
}

/** Counts how often each outcome occurs. */
export function tally(outcomes: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

/** `done`, or the error code of a failed operation. */
export async function outcomeOf(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => 'done',
    (error: { response?: { errors?: { extensions: { code: string } }[] } }) =>
      error.response?.errors?.[0]?.extensions.code ?? expect.fail(String(error)),
  );
}
