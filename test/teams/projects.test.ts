import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createDefaultTeam } from '../../src/teams/teams.ts';
import { forFile } from '../support/for-file.ts';
import { ME, newPerson, signUp, startGateway } from '../support/gateway.ts';
import {
  CREATE_PROJECT,
  DELETE_PROJECT,
  eventsOf,
  foundTeam,
  join,
  RENAME_PROJECT,
  TEAM,
  tally,
  UNKNOWN_ID,
} from './people.ts';

const gateway = forFile(() =>
  startGateway({
    env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60', LIMIT_PROJECTS_PER_USER: '3/60' },
  }),
);

describe('a project', () => {
  test('is created, renamed and deleted by admins, and only read by members: insufficient_permissions', async () => {
    const { teamId, people } = await foundTeam(gateway, 'ADMIN', 'MEMBER');
    const [, admin, member] = people;
    const { createProject } = await admin.run<{ createProject: { id: string } }>(CREATE_PROJECT, {
      input: { teamId, name: ' Looms ' },
    });
    const projectId = createProject.id;
    expect(createProject).toEqual({ id: projectId, teamId, name: 'Looms' });
    expect(await member.run(TEAM, { id: teamId })).toMatchObject({ team: { projects: [createProject] } });
    expect(await member.refused(CREATE_PROJECT, { input: { teamId, name: 'Mine' } })).toBe(
      'insufficient_permissions',
    );
    expect(await member.refused(RENAME_PROJECT, { input: { projectId, name: 'Mine' } })).toBe(
      'insufficient_permissions',
    );
    expect(await member.refused(DELETE_PROJECT, { input: { projectId } })).toBe('insufficient_permissions');
    expect(await admin.run(RENAME_PROJECT, { input: { projectId, name: 'Mills' } })).toEqual({
      renameProject: { id: projectId, name: 'Mills' },
    });
    expect(await admin.run(DELETE_PROJECT, { input: { projectId } })).toEqual({
      deleteProject: { id: projectId },
    });
    expect(await admin.refused(DELETE_PROJECT, { input: { projectId } })).toBe('not_found projectId');
    expect((await eventsOf(gateway, teamId)).slice(1)).toEqual(
      ['project_created', 'project_renamed', 'project_deleted'].map((action) => ({
        ...{ action, by: admin.id, sessionId: expect.any(String), details: { projectId } },
      })),
    );
  });

  test('of another team answers not_found, like one that does not exist', async () => {
    const { teamId, people } = await foundTeam(gateway);
    const { createProject } = await people[0].run<{ createProject: { id: string } }>(CREATE_PROJECT, {
      input: { teamId, name: 'Looms' },
    });
    const stranger = await join(gateway);
    for (const projectId of [createProject.id, UNKNOWN_ID]) {
      expect(await stranger.refused(RENAME_PROJECT, { input: { projectId, name: 'Mine' } })).toBe(
        'not_found projectId',
      );
      expect(await stranger.refused(DELETE_PROJECT, { input: { projectId } })).toBe('not_found projectId');
    }
  });

  test('is created at a limited rate per user: rate_limited', async () => {
    const { teamId, people } = await foundTeam(gateway);
    for (const name of ['One', 'Two', 'Three'])
      await people[0].run(CREATE_PROJECT, { input: { teamId, name } });
    expect(await people[0].refused(CREATE_PROJECT, { input: { teamId, name: 'Four' } })).toBe('rate_limited');
  });
});

describe('the default team', () => {
  const make = (userId: string, name?: string) =>
    gateway.deps.db.transaction((tx) => createDefaultTeam(tx, { userId, ...(name && { name }) }));

  test('has a default project, and is named after its owner', async () => {
    const ada = await join(gateway, { name: 'Ada Lovelace' });
    const made = await make(ada.id);
    expect(made).toMatchObject({ role: 'OWNER', team: { name: "Ada Lovelace's team" } });
    expect(await ada.run(TEAM, { id: made?.team.id })).toMatchObject({
      team: { projects: [{ name: 'Default project' }] },
    });
  });

  test('is created once in eight concurrent attempts', async () => {
    const ada = await join(gateway);
    const made = await Promise.all(Array.from({ length: 8 }, () => make(ada.id)));
    expect(tally(made.map((team) => (team === null ? 'none' : 'made')))).toEqual({ made: 1, none: 7 });
    expect(await ada.run(ME)).toMatchObject({ me: { memberships: [{ role: 'OWNER' }] } });
  });

  test('is created for a user who is ADMIN of a team, not for a user who is OWNER', async () => {
    const owner = await signUp(gateway, newPerson());
    expect(await make(owner.user.id)).toBeNull();
    const { people } = await foundTeam(gateway, 'ADMIN');
    expect(await make(people[1].id)).not.toBeNull();
  });

  test('is called “My team” if its owner has an empty or very long name', async () => {
    const ada = await join(gateway, { name: 'x'.repeat(255) });
    expect(await make(ada.id)).toMatchObject({ team: { name: 'My team' } });
    const nameless = randomUUID();
    await gateway.sql`insert into portcullis.users (id) values (${nameless})`;
    expect(await make(nameless)).toMatchObject({ team: { name: 'My team' } });
    const eve = await join(gateway);
    expect(await make(eve.id, 'Named')).toMatchObject({ team: { name: 'Named' } });
  });
});
