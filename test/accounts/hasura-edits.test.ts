import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { openPermissions, type Permissions, sessionOf } from '../support/hasura/permissions.ts';

// Edits past the gateway: Hasura says for whom it writes, and the database records and limits them.

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

/** Runs an update as Hasura does, as its own role, with the text that it says of its session. */
const editAs = (session: string, statement: string): Promise<number> =>
  hasura.asEngine.begin(async (tx) => {
    await tx`select set_config('hasura.user', ${session}, true)`;
    return (await tx.unsafe(statement)).count;
  }) as Promise<number>;

const rename = (id: string, name = 'Grace') =>
  `update portcullis.users set name = '${name}' where id = '${id}'`;

type Recorded = { user_id: string | null; session_id: string | null; details: Record<string, unknown> };

/** The newest event of an edit. */
async function recorded(action = 'profile_updated'): Promise<Recorded | undefined> {
  const [event] = await gateway.sql<Recorded[]>`
    select user_id, session_id, details from portcullis.security_events
    where action = ${action} and details ? 'via' order by created_at desc limit 1`;
  return event;
}

const clearEvents = () => gateway.sql`delete from portcullis.security_events`;

test('an edit past the gateway is recorded for whom Hasura made it', async () => {
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

describe('what Hasura says of its session fails no edit', () => {
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
    ['more than is looked at', { ...known, more: 'x'.repeat(100_000) }, { ...unknown, ...of(null) }],
    ['an empty object', {}, { ...unknown, ...of(null) }],
    ['an array', [known], { ...unknown, ...of(null) }],
    ['a string', 'user', { ...unknown, ...of(null) }],
    ['a number', 7, { ...unknown, ...of(null) }],
    ['null', null, { ...unknown, ...of(null) }],
  ])('%s', async (_what, said, expected) => {
    const { user: ada } = await signUp(gateway);
    await clearEvents();
    expect(await editAs(JSON.stringify(said), rename(ada.id))).toBe(1);
    expect(await recorded()).toMatchObject(expected);
  });

  test.each([
    ['no JSON', 'rubbish'],
    ['half of an object', '{"x-hasura-user-id": "'],
    ['a space', ' '],
    ['deep nesting', '['.repeat(60_000)],
  ])('%s', async (_what, said) => {
    const { user: ada } = await signUp(gateway);
    await clearEvents();
    expect(await editAs(said, rename(ada.id))).toBe(1);
    expect(await recorded()).toMatchObject({ ...unknown, ...of(null) });
  });

  test('and where Hasura says nothing, nothing is recorded', async () => {
    const { user: ada } = await signUp(gateway);
    await clearEvents();
    expect(await editAs('', rename(ada.id))).toBe(1);
    expect(await recorded()).toBeUndefined();
  });
});

describe('a person', () => {
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

  test('changes 300 names in an hour through Hasura, and no more', async () => {
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

  test('is limited by all that they renamed, also through the gateway; another person is not', async () => {
    const [ada, bob] = [await someone(), await someone()];
    for (const action of ['profile_updated', 'team_renamed', 'project_renamed'])
      await pastEvents(ada.id, LIMIT / 3, { action });
    await expect(editAs(ada.session, rename(ada.id))).rejects.toMatchObject(refusal);
    expect(await editAs(bob.session, rename(bob.id))).toBe(1);
  });

  test('is not limited by what they did otherwise, or more than an hour ago', async () => {
    const ada = await someone();
    await pastEvents(ada.id, LIMIT, { action: 'login' });
    await pastEvents(ada.id, LIMIT, { minutes: 61 });
    expect(await editAs(ada.session, rename(ada.id))).toBe(1);
  });

  test('changes no more rows in one statement either', async () => {
    const ada = await someone();
    const { sql } = gateway;
    await sql`insert into portcullis.projects (id, team_id, name) select gen_random_uuid(), team_id, 'P'
      from portcullis.memberships, generate_series(1, ${LIMIT + 1}) where user_id = ${ada.id}`;
    const all = `update portcullis.projects set name = 'Q' where name = 'P'`;
    await expect(editAs(ada.session, all)).rejects.toMatchObject(refusal);
    await sql`delete from portcullis.projects where id = (select id from portcullis.projects where name = 'P' limit 1)`;
    expect(await editAs(ada.session, all)).toBe(LIMIT);
  });

  test('is not limited in the role admin', async () => {
    const ada = await someone();
    await pastEvents(ada.id, LIMIT);
    const admin = JSON.stringify({ 'x-hasura-role': 'admin', 'x-hasura-user-id': ada.id });
    expect(await editAs(admin, rename(ada.id))).toBe(1);
  });
});

test('the limit is the gateway’s default', () => {
  expect(gateway.deps.config.limits.changesPerUser).toMatchObject({ count: 300, seconds: 3600 });
});

test('the limit has an index', async () => {
  const plan = await gateway.sql.begin(async (sql) => {
    await sql`set local enable_seqscan = off`;
    return sql`explain select from portcullis.security_events where user_id = ${randomUUID()}
      and created_at > now() - interval '1 hour' and action in ('profile_updated', 'team_renamed') limit 300`;
  });
  expect(JSON.stringify(plan)).toContain('security_events_user_id_idx');
});

test('a team token does not rename its user past the gateway, and an access token does', async () => {
  const { user } = await signUp(gateway);
  const as = (kind: string, role = 'user') =>
    JSON.stringify({ 'x-hasura-role': role, 'x-hasura-user-id': user.id, 'x-hasura-token-kind': kind });
  await expect(editAs(as('team'), rename(user.id))).rejects.toThrow(
    'A team token does not change an account.',
  );
  for (const session of [as('access'), as('portal', 'user'), as('team', 'admin')])
    expect(await editAs(session, rename(user.id))).toBe(1);
});
