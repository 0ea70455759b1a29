import { describe, expect, test } from 'vitest';
import { startAccounts } from '../accounts/accounts.ts';
import { createEmptyDatabase } from '../support/database.ts';
import { forFile } from '../support/for-file.ts';
import { LOGIN, logIn, newPerson } from '../support/gateway.ts';
import { jsonOf, runUsers, runUsersOn } from './command.ts';
import { createUser } from './operator.ts';

// The subcommands of npm run users, beside a gateway on the same database.

const accounts = forFile(() => startAccounts());

const users = (args: readonly string[]) => runUsersOn(accounts.gateway, args);
const json = <T = Record<string, unknown>>(args: readonly string[]) => jsonOf<T>(accounts.gateway, args);
/** Runs it in a process of its own. */
const spawned = (args: readonly string[], stdin: string) =>
  runUsers(args, { ...accounts.gateway.environment }, { stdin });

describe('create', () => {
  test('takes the password from the standard input, and the user signs in', async () => {
    const { email, password } = newPerson();
    const args = ['create', email, '--name', 'Ada', '--verified', '--password-stdin'];
    const { stdout } = await spawned([...args, '--json'], `${password}\r\nmore\n`);
    const created = JSON.parse(stdout);
    expect(created).toMatchObject({ email, name: 'Ada', disabledAt: null });
    const { user } = await logIn(accounts.gateway, { email, password });
    expect(user).toMatchObject({ id: created.id, emailVerified: true });
  });

  test('--send-link mails the link by the running gateway', async () => {
    const { email } = newPerson();
    const { code, stdout } = await users(['create', email, '--send-link']);
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(`^Created ${email} \\(.+\\). The gateway mails the link.`),
    ]);
    await accounts.mail(email, 'reset-password');
  });

  test('without a terminal and without an option for the password ends with 2', async () => {
    const { code, stderr } = await spawned(['create', newPerson().email], '');
    expect([code, stderr]).toEqual([2, expect.stringContaining('--password-stdin')]);
  });

  test('names the attribute of an error, also as JSON, and ends with 1', async () => {
    const refused = await users(['create', 'not an address', '--no-password']);
    expect(refused).toEqual({ code: 1, stdout: '', stderr: 'This attribute is invalid. (invalid, email)\n' });
    const { email } = newPerson();
    await json(['create', email, '--no-password']);
    const taken = await users(['create', email, '--no-password', '--json']);
    expect(taken.code).toBe(1);
    expect(JSON.parse(taken.stderr)).toEqual({
      error: {
        code: 'already_registered',
        message: 'This email address is already registered.',
        attribute: 'email',
      },
    });
  });

  test('applies the migrations on an empty database, and two at once create two users', async () => {
    const database = await createEmptyDatabase();
    const env = { ...accounts.gateway.environment, DATABASE_URL: database.url };
    const [first, second] = [newPerson(), newPerson()];
    const create = (email: string) => runUsers(['create', email, '--no-password', '--json'], env);
    const runs = await Promise.all([create(first.email), create(second.email)]);
    expect(runs.map(({ code }) => code)).toEqual([0, 0]);
    const off = await runUsers(['list', '--json'], { ...env, MIGRATE_ON_START: 'off' });
    const listed = JSON.parse(off.stdout) as { users: { email: string }[]; next: null };
    expect(listed.users.map(({ email }) => email).sort()).toEqual([first.email, second.email].sort());
    await database.drop();
  });

  test('says that migrations are missing if the gateway would not apply them', async () => {
    const database = await createEmptyDatabase();
    const env = { ...accounts.gateway.environment, DATABASE_URL: database.url, MIGRATE_ON_START: 'off' };
    const { code, stderr } = await runUsers(['list'], env);
    expect([code, stderr]).toEqual([1, expect.stringContaining('npm run db:migrate')]);
    await database.drop();
  });
});

test('list pages and filters, and show finds a user by id and by address', async () => {
  const { email, password } = newPerson({ email: `zoe-${Date.now()}@example.com` });
  const input = { email, password, name: 'Zoë', emailVerified: true };
  const { userId: id } = await createUser(accounts.gateway, input);
  await logIn(accounts.gateway, { email, password });
  const found = await json<{ users: { id: string }[] }>(['list', '--search', 'zoe-', '--verified']);
  expect(found).toMatchObject({ users: [{ id, email, name: 'Zoë' }], next: null });
  const page = await json<{ users: { id: string }[]; next: string }>(['list', '--first', '1']);
  expect(page.next).toBe(page.users[0]?.id);
  const shown = await json(['show', email.toUpperCase()]);
  expect(shown).toMatchObject({ id, hasPassword: true, sessions: 1, teams: [{ role: 'OWNER' }] });
  expect(await json(['show', id])).toEqual(shown);
  const unknown = await users(['show', 'unknown@example.com']);
  expect([unknown.code, unknown.stderr]).toEqual([1, 'This account does not exist. (not_found, user)\n']);
  for (const wrong of [
    ['--first', 'x'],
    ['--created-from', 'yesterday'],
    ['--disabled', '--enabled'],
  ])
    expect((await users(['list', ...wrong])).code).toBe(2);
});

test('update, disable, enable, end-sessions, send-reset and delete change one account', async () => {
  const { gateway } = accounts;
  const { email, password } = newPerson();
  await createUser(gateway, { email, password });
  await logIn(gateway, { email, password });
  expect(await json(['end-sessions', email])).toMatchObject({ sessionsEnded: 1 });
  expect(await json(['disable', email])).toMatchObject({ disabledAt: expect.any(String) });
  expect((await users(['send-reset', email])).stderr).toContain('account_disabled');
  await expect(gateway.graphql(LOGIN, { input: { email, password } })).rejects.toThrow('disabled');
  expect(await json(['enable', email])).toMatchObject({ disabledAt: null });
  await json(['send-reset', email]);
  await accounts.mail(email, 'reset-password');
  expect((await users(['update', email])).code).toBe(2);
  const renamed = { name: 'Countess', email: `new-${email}` };
  const args = ['update', email, '--name', renamed.name, '--email', renamed.email, '--verified'];
  expect(await json(args)).toMatchObject(renamed);
  const { code } = await spawned(['update', renamed.email, '--password-stdin'], 'battery staple');
  expect(code).toBe(0);
  await logIn(gateway, { email: renamed.email, password: 'battery staple' });
  await json(['delete', renamed.email]);
  expect((await users(['show', renamed.email])).code).toBe(1);
});
