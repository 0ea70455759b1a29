import { expect } from 'vitest';
import { type Frontend, join, type SignedInPerson, type Stage } from './frontend.ts';

// A team with its members, made through Hasura as a page does.

const CREATE = 'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id } } }';
const INVITE = 'mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { id email } }';
const ACCEPT = 'mutation ($input: InviteInput!) { acceptInvite(input: $input) { role team { id } } }';
export const REMOVE = 'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { id } }';

export async function createTeam(page: Frontend, name: string): Promise<string> {
  const { createTeam } = await page.run<{ createTeam: { team: { id: string } } }>(CREATE, {
    input: { name },
  });
  return createTeam.team.id;
}

/** Invites a new person and accepts the invite, both through Hasura. */
async function enlist(
  stage: Stage,
  owner: Frontend,
  teamId: string,
  role: 'ADMIN' | 'MEMBER',
): Promise<SignedInPerson> {
  const person = await join(stage);
  await owner.run(INVITE, { input: { teamId, emails: [person.email], role } });
  const page = stage.as(person.accessToken);
  const { myInvites } = await page.run<{ myInvites: { id: string }[] }>('{ myInvites { id } }');
  expect(await page.run(ACCEPT, { input: { inviteId: myInvites[0]?.id } })).toEqual({
    acceptInvite: { role, team: { id: teamId } },
  });
  return person;
}

/** A team with an owner, an admin, a member and an open invite. Each person also has their own team. `page` is the owner's. */
export async function furnish(stage: Stage) {
  const owner = await join(stage);
  const page = stage.as(owner.accessToken);
  const teamId = await createTeam(page, 'Engines');
  const admin = await enlist(stage, page, teamId, 'ADMIN');
  const member = await enlist(stage, page, teamId, 'MEMBER');
  await page.run(INVITE, { input: { teamId, emails: ['guest@example.com'] } });
  return { teamId, page, owner, admin, member };
}
