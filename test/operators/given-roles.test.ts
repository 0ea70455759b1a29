import { describe, expect, test } from 'vitest';
import { codeOf, eventsOf } from '../accounts/accounts.ts';
import { forFile } from '../support/for-file.ts';
import { newPerson, startGateway } from '../support/gateway.ts';
import { jsonOf, runUsersOn } from './command.ts';
import {
  type AccountState,
  asOperator,
  CREATE_USER,
  createUser,
  refusedOperation,
  USERS,
} from './operator.ts';

// Roles of Hasura in the operator's operations.

const gateway = forFile(() => startGateway({ env: { HASURA_ROLES: 'editor,manager' } }));

const listed = async (variables: object) =>
  (await gateway.graphql<{ users: AccountState[] }>(USERS, variables, asOperator(gateway))).users.map(
    ({ userId }) => userId,
  );

describe('createUser with roles', () => {
  test('gives them, each once, and records it', async () => {
    const input = { email: newPerson().email, roles: ['manager', 'editor', 'manager'] };
    const created = await createUser(gateway, input);
    expect(created.roles).toEqual(['editor', 'manager']);
    expect(await eventsOf(gateway, created.userId)).toEqual(['account_created', 'roles_changed']);
  });

  test('refuses a role that is not declared, and creates nothing', async () => {
    const { email } = newPerson();
    for (const role of ['admin', 'anonymous', 'other'])
      expect(await codeOf(refusedOperation(gateway, CREATE_USER, { email, roles: [role] }))).toBe(
        'invalid roles',
      );
    expect(await gateway.sql`select from portcullis.users where email = ${email}`).toHaveLength(0);
  });
});

test('users filters by a role of the user or of a membership', async () => {
  const editor = await createUser(gateway, { email: newPerson().email, roles: ['editor'] });
  const member = await createUser(gateway, { email: newPerson().email, emailVerified: true });
  await gateway.sql`insert into portcullis.membership_roles (team_id, user_id, role)
    select team_id, user_id, 'editor' from portcullis.memberships where user_id = ${member.userId}`;
  const other = await createUser(gateway, { email: newPerson().email, roles: ['manager'] });
  const found = await listed({ role: 'editor' });
  expect(found).toEqual(expect.arrayContaining([editor.userId, member.userId]));
  expect(found).not.toContain(other.userId);
  expect(await listed({ role: 'unknown' })).toEqual([]);
});

test('set-roles gives roles to a user and to a member, and takes them away', async () => {
  const { email } = newPerson();
  const { userId } = await createUser(gateway, { email, emailVerified: true });
  const set = (...args: string[]) => jsonOf(gateway, ['set-roles', email, ...args]);
  expect(await set('manager, editor')).toMatchObject({ userId, teamId: null, roles: ['editor', 'manager'] });
  expect(await jsonOf(gateway, ['show', email])).toMatchObject({ roles: ['editor', 'manager'] });
  const [row] = await gateway.sql`select team_id from portcullis.memberships where user_id = ${userId}`;
  expect(await set('manager', '--team', row?.team_id)).toMatchObject({
    teamId: row?.team_id,
    roles: ['manager'],
  });
  expect(await set()).toMatchObject({ roles: [] });
  const refused = await runUsersOn(gateway, ['set-roles', email, 'admin']);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('(invalid, roles)')]);
});

test('create --roles gives them', async () => {
  const { email } = newPerson();
  await jsonOf(gateway, ['create', email, '--no-password', '--roles', 'editor']);
  expect(await jsonOf(gateway, ['show', email])).toMatchObject({ roles: ['editor'], hasPassword: false });
  expect(await jsonOf(gateway, ['list', '--role', 'editor', '--search', email])).toMatchObject({
    users: [{ email }],
  });
});
