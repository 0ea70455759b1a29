import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { openPermissions, type Permissions, sessionOf } from '../support/hasura/permissions.ts';

// Hasura edits rows without the gateway. It tells the database for whom, and the database records and limits the edits.

let gateway: TestGateway;
let hasura: Permissions;
beforeAll(async () => {
  gateway = await startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '1000/60' } });
  hasura = await openPermissions(gateway.databaseUrl);
});
afterAll(async () => {
  await hasura.close();
  await gateway.close();
});

/** Runs an update as Hasura does: in its own database role, with its text of session variables. */
const editAs = (session: string, statement: string): Promise<number> =>
  hasura.asEngine.begin(async (tx) => {
    await tx`select set_config('hasura.user', ${session}, true)`;
    return (await tx.unsafe(statement)).count;
  }) as Promise<number>;

const rename = (id: string, name = 'Grace') =>
  `update portcullis.users set name = '${name}' where id = '${id}'`;

type Recorded = { user_id: string | null; session_id: string | null; details: Record<string, unknown> };

/** The newest security event of an edit through Hasura. */
async function recorded(action = 'profile_updated'): Promise<Recorded | undefined> {
  const [event] = await gateway.sql<Recorded[]>`
    select user_id, session_id, details from portcullis.security_events
    where action = ${action} and details ? 'via' order by created_at desc limit 1`;
  return event;
}

const clearEvents = () => gateway.sql`delete from portcullis.security_events`;

test('an edit through Hasura is recorded for its user, and an unprintable name is refused', async () => {
  const { user } = await signUp(gateway);
  const session = JSON.stringify({ 'x-hasura-role': 'user', 'x-hasura-user-id': user.id });
  await gateway.sql.begin(async (sql) => {
    await sql`select set_config('hasura.user', ${session}, true)`;
    await sql`update portcullis.users set name = 'Grace' where id = ${user.id}`;
    await sql`update portcullis.jwks set expires_at = expires_at + interval '1 day'`;
  });
  const events =
    await gateway.sql`select action, outcome, details ->> 'via' as via from portcullis.security_events
    where user_id = ${user.id} and details ? 'via' order by action`;
  expect(events).toEqual([
    { action: 'jwk_edited', outcome: 'success', via: 'hasura' },
    { action: 'profile_updated', outcome: 'success', via: 'hasura' },
  ]);
  for (const name of ['a\u202Eb', '\u200B', 'a\nb'])
    await expect(
      gateway.sql`update portcullis.users set name = ${name} where id = ${user.id}`,
    ).rejects.toThrow('users_name_length');
});

describe('session variables of an edit through Hasura', () => {
  const [user, session] = [randomUUID(), randomUUID()];
  const known = { 'x-hasura-role': 'user', 'x-hasura-user-id': user, 'x-hasura-session-id': session };
  const unknown = { user_id: null, session_id: null };
  const of = (role: string | null) => ({ details: { via: 'hasura', role } });

  test.each<[string, unknown, object]>([
    ['two UUIDs', known, { user_id: user, session_id: session, ...of('user') }],
    [
      'UUIDs in upper case',
      { ...known, 'x-hasura-user-id': user.toUpperCase() },
      { user_id: user, ...of('user') },
    ],
    [
      'a user id that is a word',
      { ...known, 'x-hasura-user-id': 'me' },
      { ...unknown, session_id: session, ...of('user') },
    ],
    [
      'a user id that is a number',
      { ...known, 'x-hasura-user-id': 7 },
      { ...unknown, session_id: session, ...of('user') },
    ],
    [
      'a user id that is empty',
      { ...known, 'x-hasura-user-id': '' },
      { ...unknown, session_id: session, ...of('user') },
    ],
    [
      'a user id with a line break',
      { ...known, 'x-hasura-user-id': `${user}\n` },
      { user_id: null, ...of('user') },
    ],
    [
      'a user id with quotes and SQL',
      { ...known, 'x-hasura-user-id': `'; drop table x; --` },
      { user_id: null, ...of('user') },
    ],
    ['a user id that is null', { ...known, 'x-hasura-user-id': null }, { user_id: null, ...of('user') }],
    [
      'a user id that is an object',
      { ...known, 'x-hasura-user-id': { id: [user] } },
      { user_id: null, ...of('user') },
    ],
    [
      'a session id that is a word',
      { ...known, 'x-hasura-session-id': 'x' },
      { user_id: user, session_id: null, ...of('user') },
    ],
    ['a user id with NUL', { ...known, 'x-hasura-user-id': 'a\u0000b' }, { ...unknown, ...of(null) }],
    ['a long role', { 'x-hasura-role': 'r'.repeat(10_000) }, { ...unknown, ...of('r'.repeat(64)) }],
    ['too much text', { ...known, more: 'x'.repeat(100_000) }, { ...unknown, ...of(null) }],
    ['an empty object', {}, { ...unknown, ...of(null) }],
    ['an array', [known], { ...unknown, ...of(null) }],
    ['a string', 'user', { ...unknown, ...of(null) }],
    ['a number', 7, { ...unknown, ...of(null) }],
    ['null', null, { ...unknown, ...of(null) }],
  ])('given %s, the edit is saved and its event has the valid parts', async (_what, said, expected) => {
    const { user: ada } = await signUp(gateway);
    await clearEvents();
    expect(await editAs(JSON.stringify(said), rename(ada.id))).toBe(1);
    expect(await recorded()).toMatchObject(expected);
  });

  test.each([
    ['a text that is not JSON', 'rubbish'],
    ['half a JSON object', '{"x-hasura-user-id": "'],
    ['a space', ' '],
    ['deeply nested arrays', '['.repeat(60_000)],
  ])('given %s, the edit is saved and its event has neither user nor role', async (_what, said) => {
    const { user: ada } = await signUp(gateway);
    await clearEvents();
    expect(await editAs(said, rename(ada.id))).toBe(1);
    expect(await recorded()).toMatchObject({ ...unknown, ...of(null) });
  });

  test('without session variables the edit is saved and not recorded', async () => {
    const { user: ada } = await signUp(gateway);
    await clearEvents();
    expect(await editAs('', rename(ada.id))).toBe(1);
    expect(await recorded()).toBeUndefined();
  });
});

describe('the limit of edits through Hasura', () => {
  const LIMIT = 300;
  const refusal = { code: '23514', constraint_name: 'hasura_edits_per_user' };
  const pastEvents = (userId: string, count: number, { action = 'profile_updated', minutes = 1 } = {}) =>
    gateway.sql`insert into portcullis.security_events (id, created_at, action, outcome, user_id)
      select gen_random_uuid(), now() - make_interval(mins => ${minutes}), ${action}, 'success', ${userId}::uuid
      from generate_series(1, ${count})`;
  const someone = async () => {
    const { user, accessToken } = await signUp(gateway);
    return { id: user.id, session: JSON.stringify(sessionOf(accessToken)) };
  };

  test('lets a user change 300 names in an hour, and refuses the next change', async () => {
    const ada = await someone();
    await pastEvents(ada.id, LIMIT - 2);
    await editAs(ada.session, rename(ada.id, 'One'));
    await editAs(ada.session, rename(ada.id, 'Two'));
    await expect(editAs(ada.session, rename(ada.id, 'Three'))).rejects.toMatchObject({
      ...refusal,
      message: 'Too many changes. Try again later: a person may change 300 names in an hour.',
    });
    const [row] = await gateway.sql`select name from portcullis.users where id = ${ada.id}`;
    expect(row).toEqual({ name: 'Two' });
  });

  test('counts names of users, teams and projects together, also if changed through the gateway, per user', async () => {
    const [ada, bob] = [await someone(), await someone()];
    for (const action of ['profile_updated', 'team_renamed', 'project_renamed'])
      await pastEvents(ada.id, LIMIT / 3, { action });
    await expect(editAs(ada.session, rename(ada.id))).rejects.toMatchObject(refusal);
    expect(await editAs(bob.session, rename(bob.id))).toBe(1);
  });

  test('does not count logins, nor changes of more than an hour ago', async () => {
    const ada = await someone();
    await pastEvents(ada.id, LIMIT, { action: 'login' });
    await pastEvents(ada.id, LIMIT, { minutes: 61 });
    expect(await editAs(ada.session, rename(ada.id))).toBe(1);
  });

  test('refuses one statement that changes 301 rows', async () => {
    const ada = await someone();
    const { sql } = gateway;
    await sql`insert into portcullis.projects (id, team_id, name) select gen_random_uuid(), team_id, 'P'
      from portcullis.memberships, generate_series(1, ${LIMIT + 1}) where user_id = ${ada.id}`;
    const all = `update portcullis.projects set name = 'Q' where name = 'P'`;
    await expect(editAs(ada.session, all)).rejects.toMatchObject(refusal);
    await sql`delete from portcullis.projects where id = (select id from portcullis.projects where name = 'P' limit 1)`;
    expect(await editAs(ada.session, all)).toBe(LIMIT);
  });

  test('does not apply to the role admin', async () => {
    const ada = await someone();
    await pastEvents(ada.id, LIMIT);
    const admin = JSON.stringify({ 'x-hasura-role': 'admin', 'x-hasura-user-id': ada.id });
    expect(await editAs(admin, rename(ada.id))).toBe(1);
  });
});

test('the gateway’s default limit of changes per user is 300 in an hour, as in the database', () => {
  expect(gateway.deps.config.limits.changesPerUser).toMatchObject({ count: 300, seconds: 3600 });
});

test('the query that counts a user’s edits can use an index', async () => {
  const plan = await gateway.sql.begin(async (sql) => {
    await sql`set local enable_seqscan = off`;
    return sql`explain select from portcullis.security_events where user_id = ${randomUUID()}
      and created_at > now() - interval '1 hour' and action in ('profile_updated', 'team_renamed') limit 300`;
  });
  expect(JSON.stringify(plan)).toContain('security_events_user_id_idx');
});

test('a team token or a personal token cannot rename its user through Hasura; an access token can', async () => {
  const { user } = await signUp(gateway);
  const as = (kind: string, role = 'user') =>
    JSON.stringify({ 'x-hasura-role': role, 'x-hasura-user-id': user.id, 'x-hasura-token-kind': kind });
  for (const kind of ['team', 'personal'])
    await expect(editAs(as(kind), rename(user.id))).rejects.toThrow(
      'A team token or personal access token does not change an account.',
    );
  for (const session of [as('access'), as('portal', 'user'), as('team', 'admin')])
    expect(await editAs(session, rename(user.id))).toBe(1);
});
