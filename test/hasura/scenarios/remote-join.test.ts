import { type FieldNode, type OperationDefinitionNode, parse, print } from 'graphql';
import { beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { sessionOf } from '../../support/hasura/permissions.ts';
import { join, openRecordedStage, type SignedInPerson } from './frontend.ts';
import { createTeam, furnish, REMOVE } from './team.ts';

// A row of `teams` joined with the gateway's team, by the relationship of the shipped metadata.

const stage = forFile(() => openRecordedStage());
beforeEach(() => {
  stage.recorder.seen.length = 0;
});

const JOINED_TEAMS = `{ portcullis_teams(order_by: { name: asc }) {
  name gateway_team { name myRole members { email } invites { email } }
} }`;

/** The requests to the gateway: the name and the root fields of each, by selection. */
const asked = () =>
  stage.recorder.seen.map(({ body }) => {
    const [operation] = parse(String(body.query)).definitions as [OperationDefinitionNode];
    const fields = operation.selectionSet.selections as FieldNode[];
    return {
      name: body.operationName ?? null,
      aliases: fields.map(({ alias, name }) => `${alias?.value}: ${name.value}`),
      selections: [
        ...new Set(
          fields.map(({ selectionSet }) => selectionSet && print(selectionSet).replace(/\s+/g, ' ')),
        ),
      ],
    };
  });

describe('the join', () => {
  test('shows each team role the members and invites that the role may see', async () => {
    const { owner, admin, member } = await furnish(stage);
    const members = [owner, admin, member].map(({ email }) => ({ email }));
    const invites = [{ email: 'guest@example.com' }];
    const seenBy = async ({ accessToken }: SignedInPerson) => {
      const { portcullis_teams: teams } = await stage
        .as(accessToken)
        .run<{ portcullis_teams: { name: string; gateway_team: object }[] }>(JOINED_TEAMS);
      return teams.find(({ name }) => name === 'Engines')?.gateway_team;
    };
    expect(await seenBy(owner)).toEqual({ name: 'Engines', myRole: 'OWNER', members, invites });
    expect(await seenBy(admin)).toEqual({ name: 'Engines', myRole: 'ADMIN', members, invites });
    expect(await seenBy(member)).toEqual({
      ...{ name: 'Engines', myRole: 'MEMBER', invites: null },
      members: [{ email: null }, { email: null }, { email: member.email }],
    });
  });

  test('is unknown to anonymous: validation-failed', async () => {
    expect(await stage.anonymous().refused('{ portcullis_teams { gateway_team { name } } }')).toEqual([
      {
        message: "field 'portcullis_teams' not found in type: 'query_root'",
        extensions: { path: '$.selectionSet.portcullis_teams', code: 'validation-failed' },
      },
    ]);
  });
});

describe('a page of 100 joined rows', () => {
  test('costs one request to the gateway, with an alias for each row', async () => {
    const ada = await join(stage);
    const page = stage.as(ada.accessToken);
    for (let made = 1; made < 100; made++) {
      await stage.gateway.sql`with team as (insert into portcullis.teams (id, name)
        values (gen_random_uuid(), ${`Team ${made}`}) returning id)
        insert into portcullis.memberships (team_id, user_id, role) select id, ${ada.user.id}, 'OWNER' from team`;
    }
    stage.recorder.seen.length = 0;
    const { portcullis_teams: teams } = await page.run<{ portcullis_teams: object[] }>(
      '{ portcullis_teams { gateway_team { myRole members { id name email role } } } }',
    );
    const member = { id: ada.user.id, name: ada.name, email: ada.email, role: 'OWNER' };
    const joined = { gateway_team: { myRole: 'OWNER', members: [member] } };
    expect(teams).toEqual(Array.from({ length: 100 }, () => joined));
    expect(asked()).toEqual([
      {
        name: null,
        aliases: Array.from({ length: 100 }, (_, index) => `f${index}: team`),
        selections: ['{ myRole members { id name email role } }'],
      },
    ]);
  });
});

describe('a row whose team the gateway does not show', () => {
  test('is null for a member removed during the query; the other rows are joined', async () => {
    const { teamId, page, member } = await furnish(stage);
    const theirs = stage.as(member.accessToken);
    const own = await createTeam(theirs, 'Looms');
    stage.recorder.beforeForwarding(() => page.run(REMOVE, { input: { teamId, userId: member.user.id } }));
    const ids = { _in: [teamId, own] };
    expect(
      await theirs.run(
        `query ($ids: uuid_comparison_exp!) {
          portcullis_teams(where: { id: $ids }, order_by: { name: asc }) { name gateway_team { name members { id } } }
        }`,
        { ids },
      ),
    ).toEqual({
      portcullis_teams: [
        { name: 'Engines', gateway_team: null },
        { name: 'Looms', gateway_team: { name: 'Looms', members: [{ id: member.user.id }] } },
      ],
    });
  });

  test('fails the whole query of an admin, but not of an admin who names a user', async () => {
    const { teamId, owner } = await furnish(stage);
    const ask = `{ portcullis_teams(where: { id: { _eq: "${teamId}" } }) { name gateway_team { myRole } } }`;
    expect(await stage.console().refused(ask)).toEqual([
      { message: 'Errors from remote server', extensions: { path: '$', code: 'unexpected' } },
    ]);
    const asOwner = stage.console(sessionOf(owner.accessToken));
    expect(await asOwner.run(ask)).toEqual({
      portcullis_teams: [{ name: 'Engines', gateway_team: { myRole: 'OWNER' } }],
    });
  });

  test('fails the whole query without a reason when the session ends during the query', async () => {
    const { page, owner } = await furnish(stage);
    const { sql } = stage.gateway;
    stage.recorder.beforeForwarding(
      () => sql`update portcullis.sessions set revoked_at = now() where user_id = ${owner.user.id}`,
    );
    const ask = '{ portcullis_teams { gateway_team { name } } }';
    expect(await page.refused(ask)).toEqual([
      { message: 'Errors from remote server', extensions: { path: '$', code: 'unexpected' } },
    ]);
    expect(await page.run(ask)).toEqual({ portcullis_teams: [] });
  });
});
