import { beforeAll, beforeEach, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { signUp } from '../../support/gateway.ts';
import { type Frontend, openStage } from './frontend.ts';

// The database records each edit that Hasura passes on, and limits the number of edits.

const stage = forFile(() => openStage());
let ada: { id: string };
let page: Frontend;
beforeAll(async () => {
  const { accessToken, user } = await signUp(stage.gateway);
  ada = user;
  page = stage.as(accessToken);
});
beforeEach(() => stage.gateway.sql`delete from portcullis.security_events`);

const UPDATE = 'mutation { update_portcullis_users(where: {}, _set: { name: "Ada" }) { affected_rows } }';
const UPDATED = { update_portcullis_users: { affected_rows: 1 } };

test('the database records an edit with the user, the session and the role that Hasura names', async () => {
  const events = () =>
    stage.gateway.sql`select action, user_id = ${ada.id} as own, session_id is not null as in_session, details
      from portcullis.security_events order by created_at`;
  await page.run(UPDATE);
  await stage.console({ 'x-hasura-user-id': ada.id }).run(UPDATE);
  const [edit, via] = [{ action: 'profile_updated', own: true }, { via: 'hasura' }];
  expect([...(await events())]).toEqual([
    { ...edit, in_session: true, details: { ...via, role: 'user' } },
    { ...edit, in_session: false, details: { ...via, role: 'admin' } },
  ]);
});

test('an edit in the console succeeds with a user id that is not a UUID', async () => {
  for (const id of ['me', `${ada.id}x`, '{"a":["b"]}', '', "'; --", 'x'.repeat(5000)]) {
    const console = stage.console({ 'x-hasura-user-id': id, 'x-hasura-session-id': id });
    expect(await console.run(UPDATE), id).toEqual(UPDATED);
  }
  const events = await stage.gateway.sql`select user_id, session_id from portcullis.security_events`;
  expect([...events]).toEqual(Array(6).fill({ user_id: null, session_id: null }));
});

test('the 301st edit of a person in an hour is refused with permission-error; admin is not limited', async () => {
  await stage.gateway.sql`insert into portcullis.security_events (id, action, outcome, user_id)
    select gen_random_uuid(), 'team_renamed', 'success', ${ada.id} from generate_series(1, 300)`;
  const why = 'Too many changes. Try again later: a person may change 300 names in an hour.';
  expect(await page.refused(UPDATE)).toEqual([
    {
      message: `Check constraint violation. ${why}`,
      extensions: { path: '$', code: 'permission-error' },
    },
  ]);
  expect(await stage.console({ 'x-hasura-user-id': ada.id }).run(UPDATE)).toEqual(UPDATED);
});
