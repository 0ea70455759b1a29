import { expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { newPerson, signUp } from '../../support/gateway.ts';
import { openRecordedStage } from './frontend.ts';

// An application joins its own rows with the gateway's teams. A shipped table stands in for the application's table.

const stage = forFile(() =>
  openRecordedStage({
    engine: {
      // Rows that every user may read, each of which belongs to a team.
      spoil({ tables }) {
        const projects = tables.find(({ table }) => table.name === 'projects') ?? expect.fail();
        const remote_field = { team: { arguments: { id: '$team_id' } } };
        const to_remote_schema = { remote_schema: 'portcullis', lhs_fields: ['team_id'], remote_field };
        projects.remote_relationships = [{ name: 'its_team', definition: { to_remote_schema } }];
        for (const { permission } of projects.select_permissions ?? []) permission.filter = {};
      },
    },
  }),
);

test('rows of another team join null; rows of the user’s team are joined in the same request', async () => {
  const [ada, bob] = [
    await signUp(stage.gateway, newPerson({ teamName: 'Engines' })),
    await signUp(stage.gateway, newPerson({ teamName: 'Looms' })),
  ];
  await stage.gateway.sql`insert into portcullis.projects (id, team_id, name)
    select gen_random_uuid(), team_id, user_id::text || n::text from portcullis.memberships, generate_series(1, 2) n
    where user_id in (${ada.user.id}, ${bob.user.id})`;
  stage.recorder.seen.length = 0;
  const { portcullis_projects: rows } = await stage
    .as(ada.accessToken)
    .run<{ portcullis_projects: { name: string; its_team: object | null }[] }>(
      `{ portcullis_projects(where: { name: { _like: "%-%" } }) { name its_team { name } } }`,
    );
  const own = rows.filter(({ name }) => name.startsWith(ada.user.id)).map(({ its_team }) => its_team);
  expect(own).toEqual([{ name: 'Engines' }, { name: 'Engines' }]);
  const others = rows.filter(({ name }) => name.startsWith(bob.user.id)).map(({ its_team }) => its_team);
  expect(others).toEqual([null, null]);
  expect(stage.recorder.seen).toHaveLength(1);
});
