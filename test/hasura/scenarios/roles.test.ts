import { beforeAll, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { type SignedInAnswer, signUp } from '../../support/gateway.ts';
import { codes, type Frontend, openStage } from './frontend.ts';

// What each role can ask for, to the last field. Whoever changes it changes this list too.

const stage = forFile(() => openStage());
let person: SignedInAnswer;
let user: Frontend;
beforeAll(async () => {
  person = await signUp(stage.gateway);
  user = stage.as(person.accessToken);
});

type Fields = { fields: { name: string }[] | null; inputFields: { name: string }[] | null } | null;

/** The names of a type's fields in order of the alphabet; null where the role knows no such type. */
async function fieldsOf(page: Frontend, type: string): Promise<string[] | null> {
  const { __type } = await page.run<{ __type: Fields }>(
    'query ($type: String!) { __type(name: $type) { fields { name } inputFields { name } } }',
    { type },
  );
  const fields = __type?.fields ?? __type?.inputFields;
  // A real engine has this one besides: updates with a condition each.
  return (
    fields
      ?.map(({ name }) => name)
      .filter((name) => !name.endsWith('_many'))
      .sort() ?? null
  );
}

describe('the root fields', () => {
  const anybody = ['authConfig', 'contractAddresses', 'emailExists', 'me'];
  const signingIn = [
    ...['confirmEmailChange', 'forgotPassword', 'login', 'logout', 'refresh', 'resetPassword', 'signup'],
    'verifyEmail',
  ];

  test('of anonymous', async () => {
    const page = stage.anonymous();
    expect(await fieldsOf(page, 'query_root')).toEqual(
      [...anybody, 'portcullis_cache', 'portcullis_cache_by_pk'].sort(),
    );
    expect(await fieldsOf(page, 'mutation_root')).toEqual(signingIn);
  });

  test('of user', async () => {
    const tables = ['cache', 'invites', 'memberships', 'projects', 'sessions', 'teams', 'users'];
    expect(await fieldsOf(user, 'query_root')).toEqual(
      [
        ...[...anybody, 'myInvites', 'sessions', 'team'],
        ...tables.flatMap((table) => [`portcullis_${table}`, `portcullis_${table}_by_pk`]),
      ].sort(),
    );
    expect(await fieldsOf(user, 'mutation_root')).toEqual(
      [
        ...signingIn,
        ...['changeEmail', 'changePassword', 'deleteAccount', 'resendEmailVerification', 'updateProfile'],
        ...['createTeam', 'deleteTeam', 'leaveTeam', 'renameTeam', 'switchTeam'],
        ...['createProject', 'deleteProject', 'renameProject', 'changeMemberRole', 'removeMember'],
        ...['acceptInvite', 'declineInvite', 'inviteMembers', 'revokeInvite', 'revokeSession'],
        ...['projects', 'teams', 'users'].flatMap((table) => [
          ...[`update_portcullis_${table}`, `update_portcullis_${table}_by_pk`],
        ]),
      ].sort(),
    );
  });
});

describe('the columns and relationships', () => {
  const readable: Record<string, string[]> = {
    cache: ['key', 'updated_at', 'value'],
    invites: [
      ...['created_at', 'email', 'expires_at', 'id', 'inviter', 'inviter_id', 'role', 'team', 'team_id'],
    ],
    memberships: ['created_at', 'role', 'team', 'team_id', 'user', 'user_id'],
    projects: ['created_at', 'id', 'name', 'team', 'team_id', 'updated_at'],
    sessions: [
      ...['active_team', 'active_team_id', 'address', 'created_at', 'expires_at', 'id', 'last_used_at'],
      ...['revoked_at', 'user', 'user_agent', 'user_id'],
    ],
    teams: [
      ...['active_team_sessions', 'created_at', 'gateway_team', 'id', 'invites', 'memberships', 'name'],
      ...['projects', 'updated_at'],
    ],
    users: [
      ...['created_at', 'email', 'email_verified_at', 'id', 'inviter_invites', 'memberships', 'name'],
      ...['sessions', 'updated_at'],
    ],
  };

  test('that user reads', async () => {
    for (const [table, fields] of Object.entries(readable))
      expect(await fieldsOf(user, `portcullis_${table}`), table).toEqual(fields);
    for (const table of ['jwks', 'portcullis_security_events'])
      expect(await fieldsOf(user, table), table).toBeNull();
  });

  test('that user changes: names', async () => {
    for (const table of ['projects', 'teams', 'users'])
      expect(await fieldsOf(user, `portcullis_${table}_set_input`), table).toEqual(['name']);
  });

  test('that anonymous reads', async () => {
    for (const [table, fields] of Object.entries(readable))
      expect(await fieldsOf(stage.anonymous(), `portcullis_${table}`), table).toEqual(
        table === 'cache' ? fields : null,
      );
  });
});

test('a team token makes nobody more than a user', async () => {
  const owner = (headers = {}) => stage.as(person.teamToken ?? '', headers);
  expect(await owner({ 'x-hasura-role': 'user' }).run('{ me { memberships { role } } }')).toEqual({
    me: { memberships: [{ role: 'OWNER' }] },
  });
  for (const role of ['OWNER', 'owner', 'admin'])
    expect(await codes(owner({ 'x-hasura-role': role }).refused('{ me { id } }')), role).toEqual([
      'access-denied',
    ]);
});

test('what a user sees of the gateway’s types is all that it has', async () => {
  for (const type of ['AuthConfig', 'AuthPayload', 'Membership', 'ReceivedInvite', 'Session', 'Team', 'User'])
    expect(await fieldsOf(user, type), type).toEqual(await fieldsOf(stage.console(), type));
});
