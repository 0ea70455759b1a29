import { afterAll, beforeAll, expect, test } from 'vitest';
import { newPerson, signUp } from '../../support/gateway.ts';
import type { Metadata } from '../../support/hasura/metadata.ts';
import { type Recorder, startRecorder } from '../../support/hasura/recorder.ts';
import { openStage, type Stage } from './frontend.ts';

// What an application gets that joins rows of its own with the gateway's teams: rows without a team, and rows that people
// see who are not in it. The tables of the shipped metadata play its part.

let stage: Stage;
let recorder: Recorder;
beforeAll(async () => {
  stage = await openStage({
    async between(gateway) {
      recorder = await startRecorder(gateway.url);
      return recorder;
    },
    engine: {
      spoil(metadata) {
        joinBy(metadata, 'sessions', 'active_team_id');
        const projects = joinBy(metadata, 'projects', 'team_id');
        for (const { permission } of projects.select_permissions ?? []) permission.filter = {};
      },
    },
  });
});
afterAll(async () => {
  await stage.close();
  await recorder.close();
});

function joinBy({ tables }: Metadata, name: string, column: string) {
  const tracked = tables.find(({ table }) => table.name === name) ?? expect.fail(`${name} is not tracked.`);
  const remote_field = { team: { arguments: { id: `$${column}` } } };
  const to_remote_schema = { remote_schema: 'portcullis', lhs_fields: [column], remote_field };
  tracked.remote_relationships = [{ name: 'its_team', definition: { to_remote_schema } }];
  return tracked;
}

test('a row without a team has null, and nothing is asked for it', async () => {
  const { accessToken } = await signUp(stage.gateway, newPerson({ teamName: 'Engines' }));
  await stage.gateway.sql`update portcullis.sessions set active_team_id = null`;
  recorder.seen.length = 0;
  expect(await stage.as(accessToken).run('{ portcullis_sessions { its_team { name } } }')).toEqual({
    portcullis_sessions: [{ its_team: null }],
  });
  expect(recorder.seen).toEqual([]);
});

test('a row of somebody else’s team has null; one’s own are joined in the same request', async () => {
  const [ada, bob] = [
    await signUp(stage.gateway, newPerson({ teamName: 'Engines' })),
    await signUp(stage.gateway, newPerson({ teamName: 'Looms' })),
  ];
  await stage.gateway.sql`insert into portcullis.projects (id, team_id, name)
    select gen_random_uuid(), team_id, user_id::text || n::text from portcullis.memberships, generate_series(1, 2) n
    where user_id in (${ada.user.id}, ${bob.user.id})`;
  recorder.seen.length = 0;
  const { portcullis_projects: rows } = await stage
    .as(ada.accessToken)
    .run<{ portcullis_projects: { name: string; its_team: object | null }[] }>(
      `{ portcullis_projects(where: { name: { _like: "%-%" } }) { name its_team { name } } }`,
    );
  const own = rows.filter(({ name }) => name.startsWith(ada.user.id)).map(({ its_team }) => its_team);
  expect(own).toEqual([{ name: 'Engines' }, { name: 'Engines' }]);
  const others = rows.filter(({ name }) => name.startsWith(bob.user.id)).map(({ its_team }) => its_team);
  expect(others).toEqual([null, null]);
  expect(recorder.seen).toHaveLength(1);
});
