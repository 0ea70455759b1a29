import { beforeAll, describe, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import { type SignedInAnswer, signUp } from '../../support/gateway.ts';
import { codes, type Frontend, openStage } from './frontend.ts';

// Every field of each role. A change of the permissions changes these lists too.

const stage = forFile(() => openStage());
let person: SignedInAnswer;
let user: Frontend;
beforeAll(async () => {
  person = await signUp(stage.gateway);
  user = stage.as(person.accessToken);
});

type Fields = { fields: { name: string }[] | null; inputFields: { name: string }[] | null } | null;

/** The names of a type's fields in alphabetical order; null if the role does not know the type. */
async function fieldsOf(page: Frontend, type: string): Promise<string[] | null> {
  const { __type } = await page.run<{ __type: Fields }>(
    'query ($type: String!) { __type(name: $type) { fields { name } inputFields { name } } }',
    { type },
  );
  const fields = __type?.fields ?? __type?.inputFields;
  // A real engine also has `_many`: several updates, each with its own condition.
  return (
    fields
      ?.map(({ name }) => name)
      .filter((name) => !name.endsWith('_many'))
      .sort() ?? null
  );
}

describe('the root fields', () => {
  const publicFields = ['authConfig', 'contractAddresses', 'emailExists', 'me'];
  const signingIn = [
    ...['confirmEmailChange', 'forgotPassword', 'login', 'logout', 'refresh', 'resetPassword', 'signup'],
    ...['signInAnonymously', 'signInWithAccessToken', 'signInWithTotp', 'verifyEmail', 'requestMagicLink'],
    ...['requestCode', 'signInWithCode', 'signInWithLink', 'exchangeCode', 'signInWithProvider'],
  ].sort();

  test('of anonymous are the public queries and the mutations for signing in', async () => {
    const page = stage.anonymous();
    expect(await fieldsOf(page, 'query_root')).toEqual(
      [...publicFields, 'portcullis_cache', 'portcullis_cache_by_pk'].sort(),
    );
    expect(await fieldsOf(page, 'mutation_root')).toEqual(signingIn);
  });

  test('of user also cover tables, account and teams', async () => {
    const tables = [
      ...[
        'cache',
        'identities',
        'invites',
        'membership_roles',
        'memberships',
        'phones',
        'projects',
        'sessions',
        'teams',
      ],
      ...['user_roles', 'users'],
    ];
    expect(await fieldsOf(user, 'query_root')).toEqual(
      [
        ...[...publicFields, 'accessTokens', 'myInvites', 'sessions', 'team'],
        ...['identities', 'recoveryCodesLeft', 'secondFactors'],
        ...tables.flatMap((table) => [`portcullis_${table}`, `portcullis_${table}_by_pk`]),
      ].sort(),
    );
    expect(await fieldsOf(user, 'mutation_root')).toEqual(
      [
        ...signingIn,
        ...['createAccessToken', 'revokeAccessToken', 'linkProvider', 'unlinkIdentity'],
        ...['totpActivate', 'totpDisable', 'totpEnroll', 'recoveryCodes', 'requestReauthentication'],
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
    identities: ['created_at', 'email', 'id', 'provider', 'user', 'user_id'],
    invites: [
      ...['created_at', 'email', 'expires_at', 'id', 'inviter', 'inviter_id', 'role', 'team', 'team_id'],
    ],
    membership_roles: ['role', 'team', 'team_id', 'user', 'user_id'],
    memberships: ['created_at', 'role', 'team', 'team_id', 'user', 'user_id'],
    projects: ['created_at', 'id', 'name', 'team', 'team_id', 'updated_at'],
    sessions: [
      ...['active_team', 'active_team_id', 'address', 'created_at', 'expires_at', 'id', 'last_used_at'],
      ...['level', 'revoked_at', 'user', 'user_agent', 'user_id'],
    ],
    teams: [
      ...['active_team_sessions', 'created_at', 'gateway_team', 'id', 'invites', 'membership_roles'],
      ...['memberships', 'name', 'projects', 'updated_at'],
    ],
    user_roles: ['role', 'user', 'user_id'],
    users: [
      ...['created_at', 'email', 'email_verified_at', 'id', 'identities', 'inviter_invites'],
      ...['membership_roles', 'memberships', 'name', 'phones', 'sessions', 'updated_at', 'user_roles'],
    ],
  };

  test('of user exclude private columns, jwks and security events', async () => {
    for (const [table, fields] of Object.entries(readable))
      expect(await fieldsOf(user, `portcullis_${table}`), table).toEqual(fields);
    for (const table of ['jwks', 'portcullis_security_events'])
      expect(await fieldsOf(user, table), table).toBeNull();
  });

  test('of an update by user are only names', async () => {
    for (const table of ['projects', 'teams', 'users'])
      expect(await fieldsOf(user, `portcullis_${table}_set_input`), table).toEqual(['name']);
  });

  test('of anonymous are the columns of the cache', async () => {
    for (const [table, fields] of Object.entries(readable))
      expect(await fieldsOf(stage.anonymous(), `portcullis_${table}`), table).toEqual(
        table === 'cache' ? fields : null,
      );
  });
});

test('a team token allows only the role user: access-denied', async () => {
  const owner = (headers = {}) => stage.as(person.teamToken ?? '', headers);
  expect(await owner({ 'x-hasura-role': 'user' }).run('{ me { memberships { role } } }')).toEqual({
    me: { memberships: [{ role: 'OWNER' }] },
  });
  for (const role of ['OWNER', 'owner', 'admin'])
    expect(await codes(owner({ 'x-hasura-role': role }).refused('{ me { id } }')), role).toEqual([
      'access-denied',
    ]);
});

test('a user sees every field of the gateway’s types that an operator sees', async () => {
  for (const type of ['AuthConfig', 'AuthPayload', 'Membership', 'ReceivedInvite', 'Session', 'Team', 'User'])
    expect(await fieldsOf(user, type), type).toEqual(await fieldsOf(stage.console(), type));
});
