import { beforeEach, describe, expect, test } from 'vitest';
import { create, exchange, isGood, REVOKE } from '../../access-tokens/programs.ts';
import { forFile } from '../../support/for-file.ts';
import { logIn, newPerson, type Person, type SignedInAnswer, signUp } from '../../support/gateway.ts';
import { sessionOf } from '../../support/hasura/permissions.ts';
import { type Frontend, LOGOUT, openStage } from './frontend.ts';

// Hasura accepts a token until it expires. The permissions give a token no row after its session has ended.

type Affected = { affected_rows: number };

const stage = forFile(() => openStage());
let ada: Person;
let signedIn: SignedInAnswer;
/** Ada owns a team with a project and an invite. */
beforeEach(async () => {
  ada = newPerson();
  signedIn = await signUp(stage.gateway, ada);
  const { sql } = stage.gateway;
  await sql`insert into portcullis.invites (id, team_id, email, role, expires_at)
    select gen_random_uuid(), team_id, 'guest@example.com', 'MEMBER', now() + interval '1 day'
    from portcullis.memberships where user_id = ${signedIn.user.id}`;
  await sql`insert into portcullis.projects (id, team_id, name)
    select gen_random_uuid(), team_id, 'Looms' from portcullis.memberships where user_id = ${signedIn.user.id}`;
});

const TABLES = ['users', 'sessions', 'teams', 'memberships', 'projects', 'invites'] as const;
const EDITABLE = ['users', 'teams', 'projects'] as const;

/** The tables that show a page at least one row. */
async function shownTo(page: Frontend): Promise<string[]> {
  const fields = TABLES.map((table) => `${table}: portcullis_${table} { __typename }`);
  const data = await page.run<Record<string, object[]>>(`{ ${fields.join(' ')} }`);
  return TABLES.filter((table) => (data[table] ?? []).length > 0);
}

/** The tables in which a page may change a name, asked for one by one. */
async function changedBy(page: Frontend): Promise<string[]> {
  const changed: string[] = [];
  for (const table of EDITABLE) {
    const { done } = await page.run<{ done: Affected }>(
      `mutation { done: update_portcullis_${table}(where: {}, _set: { name: "Again" }) { affected_rows } }`,
    );
    if (done.affected_rows > 0) changed.push(table);
  }
  return changed;
}

async function expectEverything(page: Frontend): Promise<void> {
  expect(await shownTo(page)).toEqual([...TABLES]);
  expect(await changedBy(page)).toEqual([...EDITABLE]);
}
async function expectNothing(page: Frontend): Promise<void> {
  expect(await shownTo(page)).toEqual([]);
  expect(await changedBy(page)).toEqual([]);
}

/** A token that is valid for a day. */
async function portalToken(): Promise<string> {
  const { email, password } = ada;
  const { body } = await stage.gateway.post('/api/v1/login', { email, password });
  return (body as { token: string }).token;
}

const sessionIdOf = (token: string): string => sessionOf(token)['x-hasura-session-id'] ?? '';

describe('a token whose session has ended', () => {
  test('reads and changes no row after a logout, unlike a token of another session', async () => {
    const [page, other] = [
      stage.as(signedIn.accessToken),
      stage.as((await logIn(stage.gateway, ada)).accessToken),
    ];
    await expectEverything(page);
    await page.run(LOGOUT);
    await expectNothing(page);
    await expectEverything(other);
  });

  test('reads and changes no row after a logout, also with a portal token that is valid for a day', async () => {
    const page = stage.as(await portalToken());
    await expectEverything(page);
    await page.run(LOGOUT);
    await expectNothing(page);
  });

  test('reads and changes no row after a revocation from another device, also with a team token', async () => {
    const page = stage.as(signedIn.teamToken ?? '');
    expect(await shownTo(page)).toEqual([...TABLES]);
    const other = stage.as((await logIn(stage.gateway, ada)).accessToken);
    const id = sessionIdOf(signedIn.accessToken);
    await other.run(
      'mutation ($input: RevokeSessionInput!) { revokeSession(input: $input) { sessionsEnded } }',
      {
        input: { sessionId: id },
      },
    );
    await expectNothing(page);
  });

  test('reads and changes no row after its personal access token was revoked; before, it does not rename the user', async () => {
    const { token, accessToken } = await create(stage.gateway, signedIn);
    const page = stage.as((await exchange(stage.gateway, token)).accessToken);
    expect(await shownTo(page)).toEqual([...TABLES]);
    const rename = (table: string) =>
      page.run(
        `mutation { update_portcullis_${table}(where: {}, _set: { name: "Again" }) { affected_rows } }`,
      );
    await expect(rename('users')).rejects.toThrow('personal access token does not change an account');
    expect(await rename('projects')).toMatchObject({ update_portcullis_projects: { affected_rows: 1 } });
    await stage.as(signedIn.accessToken).run(REVOKE, { input: { id: accessToken.id } });
    await expectNothing(page);
    expect(await isGood(stage.gateway, token)).toBe(false);
  });

  test('reads and changes no row after the session’s row is deleted', async () => {
    const page = stage.as(signedIn.accessToken);
    const id = sessionIdOf(signedIn.accessToken);
    await stage.gateway.sql`delete from portcullis.sessions where id = ${id}`;
    await expectNothing(page);
  });
});

describe('a disabled person', () => {
  test('reads and changes no row, even with a live session', async () => {
    const page = stage.as(signedIn.accessToken);
    const { sql } = stage.gateway;
    await sql`update portcullis.users set disabled_at = now() where id = ${signedIn.user.id}`;
    await expectNothing(page);
    await sql`update portcullis.users set disabled_at = null where id = ${signedIn.user.id}`;
    await expectEverything(page);
  });

  test('stays visible to the other members of their teams', async () => {
    const bob = await signUp(stage.gateway);
    const { sql } = stage.gateway;
    await sql`insert into portcullis.memberships (team_id, user_id, role)
      select team_id, ${bob.user.id}, 'MEMBER' from portcullis.memberships where user_id = ${signedIn.user.id}`;
    await sql`update portcullis.users set disabled_at = now() where id = ${signedIn.user.id}`;
    const ask = `{ portcullis_memberships(where: { user_id: { _eq: "${signedIn.user.id}" } }) { role } }`;
    expect(await stage.as(bob.accessToken).run(ask)).toEqual({ portcullis_memberships: [{ role: 'OWNER' }] });
  });
});

test('a person with the session id of another person reads and changes no row', async () => {
  const bob = await signUp(stage.gateway);
  const [of, by] = [sessionOf(signedIn.accessToken), sessionOf(bob.accessToken)];
  const mixed = { ...of, 'x-hasura-session-id': by['x-hasura-session-id'] ?? '' };
  await expectNothing(stage.console(mixed));
  await expectEverything(stage.console(of));
});

test('the contract addresses stay readable after a logout', async () => {
  const page = stage.as(signedIn.accessToken);
  await stage.gateway.sql`insert into portcullis.cache (key, value) values ('a.eth', '0x1')`;
  await page.run(LOGOUT);
  expect(await page.run('{ portcullis_cache { value } }')).toEqual({ portcullis_cache: [{ value: '0x1' }] });
});
