import { decodeJwt } from 'jose';
import { beforeEach, describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import {
  bearer,
  logIn,
  ME,
  newPerson,
  type Person,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';

const ROLES = { HASURA_ROLES: 'editor, manager,org:auditor', DEFAULT_ROLES: 'user' };
const gateway = forFile(() =>
  startGateway({
    env: { ...ROLES, LIMIT_SIGNUP_PER_ADDRESS: '1000/60', LIMIT_RENEWALS_PER_SESSION: '100/60' },
  }),
);

const SET = /* GraphQL */ `
  mutation Set($input: SetUserRolesInput!) { setUserRoles(input: $input) { userId teamId roles allowedRoles } }
`;
const REFRESH = /* GraphQL */ `
  mutation Refresh($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken teamToken } }
`;
const SWITCH = /* GraphQL */ `
  mutation Switch($input: SwitchTeamInput!) { switchTeam(input: $input) { teamToken } }
`;

type Tokens = Pick<SignedInAnswer, 'accessToken' | 'refreshToken' | 'teamToken'>;
type Change = { userId: string; roles: string[]; teamId?: string };

const asAdmin = (at: TestGateway = gateway) => ({
  'x-hasura-gateway-secret': at.secret,
  'x-hasura-role': 'admin',
});
const set = async (input: Change, at: TestGateway = gateway) =>
  (await at.graphql<{ setUserRoles: Record<string, unknown> }>(SET, { input }, asAdmin(at))).setUserRoles;
const refused = async (input: object, headers: Record<string, string> = asAdmin()) => {
  const [error] = (await gateway.failure(SET, { input }, headers)) as [
    { extensions: { code: string; attribute: string | null } },
  ];
  return [error.extensions.code, error.extensions.attribute].filter(Boolean).join(' ');
};
const refresh = async ({ refreshToken }: Pick<Tokens, 'refreshToken'>, at: TestGateway = gateway) =>
  (await at.graphql<{ refresh: Tokens }>(REFRESH, { input: { refreshToken } })).refresh;

const claimsOf = (token: string | null) =>
  decodeJwt(token ?? '')['https://hasura.io/jwt/claims'] as Record<string, unknown>;
const rolesOf = (token: string | null) => claimsOf(token)['x-hasura-allowed-roles'];
const eventsOf = (userId: string) => gateway.sql`
  select team_id, details from portcullis.security_events where action = 'roles_changed' and user_id = ${userId}
  order by created_at`;

let person: Person;
let ada: SignedInAnswer;
let teamId: string;
beforeEach(async () => {
  person = newPerson();
  ada = await signUp(gateway, person);
  teamId = String(claimsOf(ada.teamToken)['x-hasura-team-id']);
});

describe('setUserRoles', () => {
  test('gives a user roles, which stand in every token from the next refresh on', async () => {
    expect(rolesOf(ada.accessToken)).toEqual(['user']);
    const userId = ada.user.id;
    expect(await set({ userId, roles: ['manager', 'editor', 'manager'] })).toEqual({
      userId,
      teamId: null,
      roles: ['editor', 'manager'],
      allowedRoles: ['user', 'editor', 'manager'],
    });
    const expected = ['user', 'editor', 'manager'];
    const refreshed = await refresh(ada);
    const loggedIn = await logIn(gateway, person);
    const switched = await gateway.graphql<{ switchTeam: { teamToken: string } }>(
      SWITCH,
      { input: { teamId } },
      bearer(ada.accessToken),
    );
    const renewed = await fetch(`${gateway.url}/api/refresh`, { headers: bearer(ada.accessToken) });
    const renewal = (await renewed.json()) as Record<string, string | null>;
    const { email, password } = person;
    const portal = (await gateway.post('/api/v1/login', { email, password })).body as { token: string };
    const repeated = await refresh(ada);
    for (const token of [
      ...[refreshed.accessToken, refreshed.teamToken, loggedIn.accessToken, loggedIn.teamToken],
      ...[repeated.accessToken, repeated.teamToken, switched.switchTeam.teamToken, portal.token],
      ...Object.values(renewal).filter((value) => value?.split('.').length === 3),
    ]) {
      expect(rolesOf(token)).toEqual(expected);
      expect(claimsOf(token)['x-hasura-default-role']).toBe('user');
      expect(await gateway.graphql(ME, {}, bearer(token ?? ''))).toMatchObject({ me: { id: userId } });
    }
    expect(renewed.status).toBe(200);
  });

  test('takes roles away, and records each change and no repeat', async () => {
    const userId = ada.user.id;
    await set({ userId, roles: ['editor'] });
    await set({ userId, roles: ['editor'] });
    const withRole = await refresh(ada);
    expect(rolesOf(withRole.accessToken)).toEqual(['user', 'editor']);
    await set({ userId, roles: [] });
    expect(rolesOf((await refresh(withRole)).accessToken)).toEqual(['user']);
    expect(await eventsOf(userId)).toEqual([
      { team_id: null, details: { by: 'operator', roles: 'editor', formerRoles: '' } },
      { team_id: null, details: { by: 'operator', roles: '', formerRoles: 'editor' } },
    ]);
  });

  test('gives a member roles that stand in the team token of that team only', async () => {
    const userId = ada.user.id;
    await set({ userId, roles: ['manager'] });
    expect(await set({ userId, roles: ['editor'], teamId })).toEqual({
      userId,
      teamId,
      roles: ['editor'],
      allowedRoles: ['user', 'manager', 'editor'],
    });
    const { accessToken, teamToken } = await refresh(ada);
    expect(rolesOf(accessToken)).toEqual(['user', 'manager']);
    expect(rolesOf(teamToken)).toEqual(['user', 'manager', 'editor']);

    const { createTeam } = await gateway.graphql<{ createTeam: { team: { id: string } } }>(
      'mutation { createTeam(input: { name: "Other" }) { team { id } } }',
      {},
      bearer(accessToken),
    );
    const other = await gateway.graphql<{ switchTeam: { teamToken: string } }>(
      SWITCH,
      { input: { teamId: createTeam.team.id } },
      bearer(accessToken),
    );
    expect(rolesOf(other.switchTeam.teamToken)).toEqual(['user', 'manager']);
    expect(await eventsOf(userId)).toMatchObject([{ team_id: null }, { team_id: teamId }]);
  });

  test('leaves a portal token without the roles of a membership, since it is not short', async () => {
    await set({ userId: ada.user.id, roles: ['editor'], teamId });
    const { email, password } = person;
    const { token } = (await gateway.post('/api/v1/login', { email, password })).body as { token: string };
    expect(claimsOf(token)['x-hasura-team-id']).toBe(teamId);
    expect(rolesOf(token)).toEqual(['user']);
  });

  test('the roles of a membership end with the membership', async () => {
    const userId = ada.user.id;
    const grace = await signUp(gateway);
    await gateway.sql`
      insert into portcullis.memberships (team_id, user_id, role) values (${teamId}, ${grace.user.id}, 'MEMBER')`;
    await set({ userId: grace.user.id, roles: ['editor'], teamId });
    await gateway.graphql(
      'mutation ($input: RemoveMemberInput!) { removeMember(input: $input) { id } }',
      { input: { teamId, userId: grace.user.id } },
      bearer(ada.accessToken),
    );
    expect(await gateway.sql`select from portcullis.membership_roles where team_id = ${teamId}`).toHaveLength(
      0,
    );
    await set({ userId, roles: ['editor'] });
    await set({ userId, roles: ['editor'], teamId });
    await gateway.graphql(
      'mutation ($input: DeleteAccountInput!) { deleteAccount(input: $input) { ok } }',
      { input: { currentPassword: person.password } },
      bearer(ada.accessToken),
    );
    for (const table of ['user_roles', 'membership_roles'])
      expect(
        await gateway.sql`select from portcullis.${gateway.sql(table)} where user_id = ${userId}`,
      ).toHaveLength(0);
  });

  test('refuses roles that HASURA_ROLES does not declare: invalid', async () => {
    const userId = ada.user.id;
    for (const role of [
      'admin',
      'anonymous',
      'service_role',
      'supabase_admin',
      'Editor',
      'owner',
      '',
      'editor,manager',
    ])
      expect(await refused({ userId, roles: ['editor', role] }), role).toBe('invalid roles');
    expect(await eventsOf(userId)).toEqual([]);
  });

  test('refuses unknown users, teams and strangers of a team: not_found', async () => {
    const grace = await signUp(gateway);
    const unknown = '018f0000-0000-7000-8000-00000000dead';
    expect(await refused({ userId: 'x', roles: [] })).toBe('invalid userId');
    expect(await refused({ userId: ada.user.id, roles: [], teamId: 'x' })).toBe('invalid teamId');
    expect(await refused({ userId: unknown, roles: ['editor'] })).toBe('not_found userId');
    expect(await refused({ userId: ada.user.id, roles: ['editor'], teamId: unknown })).toBe(
      'not_found teamId',
    );
    expect(await refused({ userId: grace.user.id, roles: ['editor'], teamId })).toBe('not_found teamId');
  });

  test('answers permission_denied to every caller except the operator', async () => {
    const input = { userId: ada.user.id, roles: ['editor'] };
    const asUser = {
      'x-hasura-gateway-secret': gateway.secret,
      'x-hasura-user-id': ada.user.id,
      'x-hasura-session-id': String(claimsOf(ada.accessToken)['x-hasura-session-id']),
    };
    for (const headers of [
      ...[{}, bearer(ada.accessToken), bearer(ada.teamToken ?? ''), { 'x-hasura-role': 'admin' }],
      ...['user', 'editor', 'manager'].map((role) => ({ ...asUser, 'x-hasura-role': role })),
    ])
      expect(await refused(input, headers)).toBe('permission_denied');
    expect(await eventsOf(ada.user.id)).toEqual([]);
  });

  test('many changes at once leave the roles of one of them, each in one event', async () => {
    const userId = ada.user.id;
    const lists = [
      ['editor'],
      ['manager'],
      ['editor', 'manager'],
      [],
      ['org:auditor'],
      ['editor', 'org:auditor'],
    ];
    await Promise.all(lists.map((roles, at) => set({ userId, roles, ...(at % 2 === 0 && { teamId }) })));
    const events = await eventsOf(userId);
    for (const team of [null, teamId]) {
      const chain = events.filter((event) => event.team_id === team).map(({ details }) => details);
      for (const [at, { formerRoles }] of chain.entries())
        expect(formerRoles).toBe(chain[at - 1]?.roles ?? '');
      const stored = await gateway.sql`
        select role from portcullis.user_roles where user_id = ${userId} and ${team}::uuid is null
        union all select role from portcullis.membership_roles where user_id = ${userId} and team_id = ${team}::uuid
        order by role`;
      expect(stored.map(({ role }) => role).join()).toBe(chain.at(-1)?.roles ?? '');
    }
  });
});

describe('the database', () => {
  test.each([
    'admin',
    'Admin',
    'ANONYMOUS',
    'service_role',
    'supabase_admin',
    '',
    'a b',
    'a,b',
    '1st',
    `a${'b'.repeat(63)}`,
    'a"',
    "a'",
    'é',
  ])('refuses the role "%s" for a user and a member', async (role) => {
    await expect(
      gateway.sql`insert into portcullis.user_roles (user_id, role) values (${ada.user.id}, ${role})`,
    ).rejects.toThrow('user_roles_role');
    await expect(
      gateway.sql`
          insert into portcullis.membership_roles (team_id, user_id, role) values (${teamId}, ${ada.user.id}, ${role})`,
    ).rejects.toThrow('membership_roles_role');
  });
});

describe('a role that is not declared any more', () => {
  test('is in no token, and the gateway does not serve it', async () => {
    const userId = ada.user.id;
    await set({ userId, roles: ['editor', 'manager'] });
    await set({ userId, roles: ['editor'], teamId });
    const replica = await startGateway({ replicaOf: gateway, env: { HASURA_ROLES: 'manager' } });
    const { accessToken, teamToken } = await refresh(ada, replica);
    expect(rolesOf(accessToken)).toEqual(['user', 'manager']);
    expect(rolesOf(teamToken)).toEqual(['user', 'manager']);
    const variables = {
      'x-hasura-gateway-secret': gateway.secret,
      'x-hasura-user-id': userId,
      'x-hasura-session-id': String(claimsOf(accessToken)['x-hasura-session-id']),
    };
    const me = (role: string) => replica.graphql(ME, {}, { ...variables, 'x-hasura-role': role });
    expect(await me('manager')).toMatchObject({ me: { id: userId } });
    expect(await me('editor')).toEqual({ me: null });
    await replica.close();
  });
});

describe('DEFAULT_ROLES', () => {
  test('are the roles of every account, and the first is the default role', async () => {
    const env = { HASURA_ROLES: 'member,editor', DEFAULT_ROLES: 'member,editor' };
    const replica = await startGateway({ replicaOf: gateway, env });
    const { accessToken, teamToken } = await refresh(ada, replica);
    for (const token of [accessToken, teamToken]) {
      expect(rolesOf(token)).toEqual(['member', 'editor']);
      expect(claimsOf(token)['x-hasura-default-role']).toBe('member');
    }
    expect(await set({ userId: ada.user.id, roles: ['user', 'member'] }, replica)).toMatchObject({
      roles: ['member', 'user'],
      allowedRoles: ['member', 'editor', 'user'],
    });
    await replica.close();
  });
});

describe('the longest tokens', () => {
  const long = Array.from({ length: 40 }, (_, at) => `r${at}${'x'.repeat(57)}`);

  test('are accepted by the gateway, and further roles are refused: too_many_roles', async () => {
    const env = { HASURA_ROLES: long.join(), DEFAULT_ROLES: long.slice(0, 8).join(), JWT_ALGORITHM: 'RS256' };
    const many = await startGateway({ env });
    const signedUp = await signUp(many);
    const userId = signedUp.user.id;
    const ofTeam = String(claimsOf(signedUp.teamToken)['x-hasura-team-id']);
    const attempt = (roles: string[], team?: string) =>
      many.failure(SET, { input: { userId, roles, teamId: team } }, asAdmin(many));
    const tooMany = [{ extensions: { code: 'too_many_roles', attribute: 'roles' } }];
    expect(await attempt(long.slice(8))).toMatchObject(tooMany);
    await set({ userId, roles: long.slice(8, 18) }, many);
    expect(await attempt(long.slice(18, 28), ofTeam)).toMatchObject(tooMany);
    await set({ userId, roles: long.slice(18, 24), teamId: ofTeam }, many);
    expect(await attempt(long.slice(24, 36))).toMatchObject(tooMany);
    const { teamToken } = await refresh(signedUp, many);
    expect(rolesOf(teamToken)).toHaveLength(24);
    expect(await many.graphql(ME, {}, bearer(teamToken ?? ''))).toMatchObject({ me: { id: userId } });
    await many.close();
  });
});
