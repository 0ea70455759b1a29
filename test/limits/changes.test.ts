import { expect, test } from 'vitest';
import { UPDATE_PROFILE } from '../accounts/accounts.ts';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import {
  CHANGE_ROLE,
  CREATE_PROJECT,
  eventsOf,
  foundTeam,
  RENAME_PROJECT,
  RENAME_TEAM,
  type Someone,
  SWITCH_TEAM,
} from '../teams/people.ts';

const gateway = forFile(() => startGateway({ env: { LIMIT_CHANGES_PER_USER: '5/3600' } }));

const makeProject = async (by: Someone, teamId: string, name: string): Promise<string> => {
  const input = { teamId, name };
  return (await by.run<{ createProject: { id: string } }>(CREATE_PROJECT, { input })).createProject.id;
};

test('changes of a user’s profile and teams share one limit per user: rate_limited', async () => {
  const { teamId, people } = await foundTeam(gateway, 'OWNER');
  const [ada, grace] = people;
  const projectId = await makeProject(ada, teamId, 'Looms');
  const changes = (name: string): [string, object][] => [
    [UPDATE_PROFILE, { name }],
    [RENAME_TEAM, { teamId, name }],
    [RENAME_PROJECT, { projectId, name }],
    [SWITCH_TEAM, { teamId }],
    [CHANGE_ROLE, { teamId, userId: grace.id, role: 'OWNER' }],
  ];
  for (const [document, input] of changes('Looms of ours')) await ada.run(document, { input });
  const before = await eventsOf(gateway, teamId);
  for (const [document, input] of changes('Others'))
    expect(await ada.refused(document, { input })).toBe('rate_limited');
  expect(await eventsOf(gateway, teamId)).toEqual(before);
  await grace.run(RENAME_TEAM, { input: { teamId, name: 'Hers' } });
});

test('renaming a team or project to its current name changes and records nothing', async () => {
  const { teamId, people } = await foundTeam(gateway, 'MEMBER');
  const [ada, member] = people;
  const projectId = await makeProject(ada, teamId, 'Looms');
  const stamps = () =>
    gateway.sql`select t.updated_at as team, p.updated_at as project from portcullis.teams t
      join portcullis.projects p on p.team_id = t.id where t.id = ${teamId}`;
  const [before, events] = [await stamps(), await eventsOf(gateway, teamId)];
  expect(await ada.run(RENAME_TEAM, { input: { teamId, name: ' Engines ' } })).toEqual({
    renameTeam: { id: teamId, name: 'Engines', myRole: 'OWNER' },
  });
  expect(await ada.run(RENAME_PROJECT, { input: { projectId, name: 'Looms' } })).toEqual({
    renameProject: { id: projectId, name: 'Looms' },
  });
  expect([await stamps(), await eventsOf(gateway, teamId)]).toEqual([before, events]);
  // A member without the permission gets the same answer as for a real change.
  expect(await member.refused(RENAME_TEAM, { input: { teamId, name: 'Engines' } })).toBe(
    'insufficient_permissions',
  );
});
