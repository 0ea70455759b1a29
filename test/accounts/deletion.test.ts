import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { isSignedIn, LOGIN, logIn } from '../support/gateway.ts';
import { codeOf, DELETE_ACCOUNT, eventsOf, join, type Member, startAccounts } from './accounts.ts';

const accounts = forFile(() => startAccounts());

describe('deleteAccount', () => {
  const remove = ({ headers, password }: Member) =>
    accounts.gateway.graphql(DELETE_ACCOUNT, { input: { currentPassword: password } }, headers);
  const teamOf = async ({ user }: Member): Promise<string> =>
    String(
      (await accounts.gateway.sql`select team_id from portcullis.memberships where user_id = ${user.id}`)[0]
        ?.team_id,
    );
  const addTo = (teamId: string, { user }: Member, role: string) =>
    accounts.gateway.sql`insert into portcullis.memberships (team_id, user_id, role)
      values (${teamId}, ${user.id}, ${role})`;

  test('deletes everything of the user except the security events', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts, { teamName: 'Engines' });
    const teamId = await teamOf(ada);
    await gateway.sql`insert into portcullis.projects (id, team_id, name) values (gen_random_uuid(), ${teamId}, 'P')`;
    await gateway.sql`insert into portcullis.invites (id, team_id, email, role, inviter_id, expires_at)
      values (gen_random_uuid(), ${teamId}, 'a@example.com', 'MEMBER', ${ada.user.id}, now() + interval '1 day')`;
    expect(await remove(ada)).toEqual({ deleteAccount: { ok: true } });
    const tables = await gateway.sql<{ schema: string; name: string; column: string }[]>`
      select table_schema as schema, table_name as name, column_name as column from information_schema.columns
      where table_schema like 'portcullis%' and table_name <> 'security_events'
        and column_name in ('user_id', 'inviter_id', 'team_id')`;
    expect(tables.length).toBeGreaterThan(7);
    for (const { schema, name, column } of tables)
      expect(
        await gateway.sql`select from ${gateway.sql(schema)}.${gateway.sql(name)}
          where ${gateway.sql(column)} in (${ada.user.id}, ${teamId})`,
      ).toEqual([]);
    expect(await gateway.sql`select from portcullis.users where id = ${ada.user.id}`).toEqual([]);
    expect(await gateway.sql`select from portcullis.teams where id = ${teamId}`).toEqual([]);
    expect((await eventsOf(gateway, ada.user.id)).sort()).toEqual([
      ...['account_deleted', 'signup', 'team_created', 'team_deleted'],
    ]);
    expect(await isSignedIn(accounts.gateway, ada)).toBe(false);
    expect(
      await codeOf(gateway.failure(LOGIN, { input: { email: ada.email, password: ada.password } })),
    ).toBe('invalid_credentials');
    await join(accounts, { email: ada.email });
  });

  test('leaves a team to its other owner, and deletes the invites of the deleted user', async () => {
    const { gateway } = accounts;
    const ada = await join(accounts, { teamName: 'Engines' });
    const grace = await join(accounts);
    const teamId = await teamOf(ada);
    await addTo(teamId, grace, 'OWNER');
    await gateway.sql`insert into portcullis.invites (id, team_id, email, role, inviter_id, expires_at)
      values (gen_random_uuid(), ${teamId}, 'a@example.com', 'ADMIN', ${ada.user.id}, now() + interval '1 day')`;
    await remove(ada);
    expect(await gateway.sql`select user_id from portcullis.memberships where team_id = ${teamId}`).toEqual([
      { user_id: grace.user.id },
    ]);
    expect(await gateway.sql`select from portcullis.invites where team_id = ${teamId}`).toEqual([]);
  });

  test('answers sole_owner, with the team’s id, to the only owner of a team with other members', async () => {
    const ada = await join(accounts, { teamName: 'Engines' });
    const grace = await join(accounts);
    const teamId = await teamOf(ada);
    await addTo(teamId, grace, 'MEMBER');
    const input = { currentPassword: ada.password };
    expect(await accounts.gateway.failure(DELETE_ACCOUNT, { input }, ada.headers)).toMatchObject([
      { message: expect.stringContaining(teamId), extensions: { code: 'sole_owner', attribute: 'teamId' } },
    ]);
    expect(await isSignedIn(accounts.gateway, ada)).toBe(true);
    await remove(grace); // a plain member may delete their account
    await remove(ada);
  });

  test('deletes the team if both of its owners delete their accounts at once', async () => {
    const ada = await join(accounts, { teamName: 'Engines' });
    const grace = await join(accounts);
    const teamId = await teamOf(ada);
    await addTo(teamId, grace, 'OWNER');
    await Promise.all([remove(ada), remove(grace)]);
    expect(await accounts.gateway.sql`select from portcullis.teams where id = ${teamId}`).toEqual([]);
  });

  test('succeeds during refreshes of the user’s sessions, which then answer invalid_refresh_token', async () => {
    for (let round = 0; round < 15; round++) {
      const ada = await join(accounts);
      const sessions = [ada, await logIn(accounts.gateway, ada), await logIn(accounts.gateway, ada)];
      const refreshing = async (refreshToken: string): Promise<string> => {
        for (let token = refreshToken; ; ) {
          const query = 'mutation R($input: RefreshInput) { refresh(input: $input) { refreshToken } }';
          const { body } = await accounts.gateway.post('/graphql', {
            query,
            variables: { input: { refreshToken: token } },
          });
          const { data, errors } = body as {
            data?: { refresh: { refreshToken: string } } | null;
            errors?: { extensions: { code: string } }[];
          };
          if (errors !== undefined) return errors[0]?.extensions.code ?? '';
          token = data?.refresh.refreshToken ?? '';
        }
      };
      const ends = sessions.map(({ refreshToken }) => refreshing(refreshToken));
      expect(await remove(ada)).toEqual({ deleteAccount: { ok: true } });
      expect(await Promise.all(ends)).toEqual(Array(3).fill('invalid_refresh_token'));
    }
  });

  test('refuses a wrong or missing password, and an anonymous caller', async () => {
    const ada = await join(accounts);
    const failing = (input: object, headers?: Record<string, string>) =>
      codeOf(accounts.gateway.failure(DELETE_ACCOUNT, { input }, headers));
    expect(await failing({ currentPassword: 'wrong' }, ada.headers)).toBe(
      'invalid_credentials currentPassword',
    );
    expect(await failing({ currentPassword: '' }, ada.headers)).toBe('required currentPassword');
    expect(await failing({ currentPassword: ada.password })).toBe('unauthenticated');
    expect(await isSignedIn(accounts.gateway, ada)).toBe(true);
  });
});
