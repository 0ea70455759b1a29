import { decodeJwt } from 'jose';
import { expect, test } from 'vitest';
import { databaseTables } from '../../../src/commands/hasura/metadata/database-tables.ts';
import { declaration } from '../../../src/commands/hasura/metadata/declaration.ts';
import { metadataObjects } from '../../../src/commands/hasura/metadata/objects/metadata.ts';
import { withRoles } from '../../../src/commands/hasura/metadata/served-roles.ts';
import { schema } from '../../../src/graphql/schema/schema.ts';
import { createTestDatabase } from '../../support/database.ts';
import { forFile } from '../../support/for-file.ts';
import { openLogin } from '../../support/hasura/login.ts';
import {
  codes,
  type Frontend,
  join,
  LOGIN,
  ME,
  openStage,
  REFRESH,
  type SignedInPerson,
  type Stage,
} from './frontend.ts';

// Roles and claims of an application, with the metadata that hasura:generate makes for its roles.

const ROLE = 'editor';

/** The metadata for HASURA_ROLES=editor, in which editors read the projects of the teams in a claim. */
function metadataWithRole(): object {
  const metadata = metadataObjects({
    schema,
    tables: databaseTables,
    declaration: withRoles(declaration, [ROLE]),
  });
  for (const { table, select_permissions = [] } of metadata.sources.flatMap(({ tables }) => tables))
    for (const entry of select_permissions)
      if (table.name === 'projects' && entry.role === ROLE)
        entry.permission = { ...entry.permission, filter: { team_id: { _in: 'X-Hasura-Teams' } } };
  return metadata;
}

const CLAIMS =
  "select coalesce(array_agg(team_id), '{}') as teams from portcullis.memberships where user_id = $1";

/** Claims need Hasura's database role, whose rights their statement has: it is made before the gateway starts. */
async function openClaimsStage(): Promise<Stage> {
  const database = await createTestDatabase();
  const hasura = await openLogin(database.url);
  const stage = await openStage({
    env: { DATABASE_URL: database.url, HASURA_ROLES: ROLE, CLAIMS_SQL: CLAIMS },
    engine: { metadata: metadataWithRole(), sourceUrl: hasura.url },
  });
  return {
    ...stage,
    async close() {
      await stage.close();
      await hasura.close();
      await database.drop();
    },
  };
}

const stage = forFile(openClaimsStage);

const ASSIGN = `mutation Assign($userId: uuid!, $roles: [String!]!, $teamId: uuid) {
  assignRoles(userId: $userId, roles: $roles, teamId: $teamId) { userId teamId roles allowedRoles user { email } }
}`;
const PROJECT = 'mutation ($input: CreateProjectInput!) { createProject(input: $input) { id } }';
const PROJECTS = '{ portcullis_projects { name } }';

const refresh = async (person: Pick<SignedInPerson, 'refreshToken'>) =>
  (
    await stage
      .anonymous()
      .run<{ refresh: SignedInPerson }>(REFRESH, { input: { refreshToken: person.refreshToken } })
  ).refresh;
const inRole = (token: string | null, role: string = ROLE): Frontend =>
  stage.as(token ?? '', { 'x-hasura-role': role });
const teamOf = (token: string | null): string =>
  String(
    (decodeJwt(token ?? '')['https://hasura.io/jwt/claims'] as Record<string, string>)['x-hasura-team-id'],
  );

test('an editor has the gateway’s rows and operations of user, and the rows of the claim', async () => {
  const ada = await join(stage, { teamName: 'Engines' });
  const input = { teamId: teamOf(ada.teamToken), name: 'Looms' };
  await stage.as(ada.accessToken).run(PROJECT, { input });
  expect(await codes(inRole(ada.accessToken).refused(ME))).toEqual(['access-denied']);

  const assigned = await stage.console().run(ASSIGN, { userId: ada.user.id, roles: [ROLE] });
  expect(assigned).toEqual({
    assignRoles: {
      ...{ userId: ada.user.id, teamId: null, roles: [ROLE], allowedRoles: ['user', ROLE] },
      user: { email: ada.user.email },
    },
  });
  const { accessToken } = await refresh(ada);
  const editor = inRole(accessToken);
  expect(await editor.run(ME)).toMatchObject({ me: { id: ada.user.id } });
  expect(await editor.run('{ portcullis_users { id } }')).toEqual({
    portcullis_users: [{ id: ada.user.id }],
  });
  expect(await editor.run('mutation { updateProfile(input: { name: "Ada L." }) { name } }')).toEqual({
    updateProfile: { name: 'Ada L.' },
  });
  expect(await editor.run(PROJECTS)).toEqual({ portcullis_projects: [{ name: 'Looms' }] });

  const grace = await join(stage);
  await stage.console().run(ASSIGN, { userId: grace.user.id, roles: [ROLE] });
  const { accessToken: other } = await refresh(grace);
  expect(await inRole(other).run(PROJECTS)).toEqual({ portcullis_projects: [{ name: 'Default project' }] });
});

test('a role of a membership is allowed with the token of that team only: access-denied', async () => {
  const ada = await join(stage, { teamName: 'Engines' });
  const teamId = teamOf(ada.teamToken);
  await stage.console().run(ASSIGN, { userId: ada.user.id, roles: [ROLE], teamId });
  const { accessToken, teamToken } = await refresh(ada);
  const { login } = await stage.anonymous().run<{ login: SignedInPerson }>(LOGIN, {
    input: { email: ada.user.email, password: ada.password },
  });
  for (const token of [accessToken, login.accessToken])
    expect(await codes(inRole(token).refused(ME))).toEqual(['access-denied']);
  expect(await inRole(login.teamToken).run(ME)).toMatchObject({ me: { id: ada.user.id } });
  expect(await inRole(teamToken).run(ME)).toMatchObject({ me: { id: ada.user.id } });
  const own = '{ portcullis_membership_roles { team_id role } portcullis_user_roles { role } }';
  expect(await stage.as(accessToken).run(own)).toEqual({
    portcullis_membership_roles: [{ team_id: teamId, role: ROLE }],
    portcullis_user_roles: [],
  });
  const grace = await join(stage);
  expect(await stage.as(grace.accessToken).run(own)).toEqual({
    portcullis_membership_roles: [],
    portcullis_user_roles: [],
  });
});

test('assignRoles answers the errors of setUserRoles', async () => {
  const ada = await join(stage);
  const unknown = '018f0000-0000-7000-8000-00000000dead';
  const refused = async (input: object) =>
    (await stage.console().refused(ASSIGN, input)).map(({ message, extensions }) => [
      message,
      extensions.code,
    ]);
  expect(await refused({ userId: ada.user.id, roles: ['admin'] })).toEqual([
    ['A role is not one of HASURA_ROLES.', 'invalid'],
  ]);
  expect(await refused({ userId: unknown, roles: [] })).toEqual([
    ['This account does not exist.', 'not_found'],
  ]);
});
