import { afterAll, beforeAll, expect, test } from 'vitest';
import { join, openStage, type Stage } from './frontend.ts';

// A row of a tracked table joined with what the gateway knows of it. The shipped metadata has no such relationship; an
// application that adds one gets this.

let stage: Stage;
beforeAll(async () => {
  stage = await openStage({
    engine: {
      spoil({ tables }) {
        const to = { remote_schema: 'portcullis', lhs_fields: ['id'] };
        const remote_field = { team: { arguments: { id: '$id' } } };
        const definition = { to_remote_schema: { ...to, remote_field } };
        for (const tracked of tables)
          if (tracked.table.name === 'teams')
            tracked.remote_relationships = [{ name: 'at_gateway', definition }];
      },
    },
  });
});
afterAll(() => stage.close());

test('people join the rows of their teams, also through other rows', async () => {
  const ada = await join(stage, { teamName: 'Engines' });
  const page = stage.as(ada.accessToken);
  const teams = await page.run('{ portcullis_teams { name at_gateway { name myRole members { email } } } }');
  expect(teams).toEqual({
    portcullis_teams: [
      { name: 'Engines', at_gateway: { name: 'Engines', myRole: 'OWNER', members: [{ email: ada.email }] } },
    ],
  });
  expect(await page.run('{ portcullis_memberships { team { g: at_gateway { myRole } } } }')).toEqual({
    portcullis_memberships: [{ team: { g: { myRole: 'OWNER' } } }],
  });
});

test('more rows than a client may have aliases are joined', async () => {
  const ada = await join(stage);
  const page = stage.as(ada.accessToken);
  const create = 'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { role } }';
  for (let made = 0; made < 18; made++) await page.run(create, { input: { name: `Team ${made}` } });
  const { portcullis_teams: teams } = await page.run<{ portcullis_teams: object[] }>(
    '{ portcullis_teams { at_gateway { myRole } } }',
  );
  expect(teams).toEqual(Array.from({ length: 19 }, () => ({ at_gateway: { myRole: 'OWNER' } })));
});

test('admin, who is nobody’s member, learns only that the gateway refused', async () => {
  await join(stage);
  expect(await stage.console().refused('{ portcullis_teams(limit: 1) { at_gateway { name } } }')).toEqual([
    {
      message: 'Errors from remote server',
      extensions: { path: '$', code: 'remote-schema-error' },
    },
  ]);
});
