import { beforeAll, describe, expect, test } from 'vitest';
import { codeOf } from '../accounts/accounts.ts';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import { type AccountState, asOperator, createUser, USERS } from './operator.ts';

// The query users, by the operator.

const gateway = forFile(() => startGateway());

const list = async (variables: object = {}): Promise<AccountState[]> =>
  (await gateway.graphql<{ users: AccountState[] }>(USERS, variables, asOperator(gateway))).users;
const emailsOf = async (variables: object = {}) => (await list(variables)).map(({ email }) => email);
const refused = (variables: object) => codeOf(gateway.failure(USERS, variables, asOperator(gateway)));

const people: AccountState[] = [];
beforeAll(async () => {
  const inputs = [
    { email: 'ada@example.com', name: 'Ada Lovelace', password: 'correct horse', emailVerified: true },
    { email: 'adele@example.com', name: 'Adele 100%' },
    { email: 'a_b@example.com', name: 'Örs' },
    { email: 'bob@bücher.example', name: 'Bob', password: 'correct horse' },
    { email: 'axb@example.com' },
  ];
  for (const input of inputs) people.push(await createUser(gateway, input));
  await gateway.sql`update portcullis.users set disabled_at = now() where email = 'bob@xn--bcher-kva.example'`;
  await gateway.sql`update portcullis.users set created_at = '2020-02-03 04:05Z' where email = 'a_b@example.com'`;
});

describe('users', () => {
  test('lists all users in the order of creation, with whether they have a password', async () => {
    const found = await list();
    expect(found.map(({ userId }) => userId)).toEqual(people.map(({ userId }) => userId));
    expect(found.map(({ hasPassword }) => hasPassword)).toEqual([true, false, false, true, false]);
  });

  test('pages: the pages together are the list, without an end that repeats', async () => {
    const collected: (string | null)[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < 4; pages++) {
      const page = await list({ first: 2, after });
      collected.push(...page.map(({ email }) => email));
      after = page.at(-1)?.userId ?? after;
    }
    expect(collected).toEqual(await emailsOf());
    expect(await list({ after })).toEqual([]);
  });

  test.each([
    ['an address', 'ADA@', ['ada@example.com']],
    ['two addresses', 'ad', ['ada@example.com', 'adele@example.com']],
    ['a name in another case', 'ada love', ['ada@example.com']],
    ['a name with an umlaut', 'örs', ['a_b@example.com']],
    ['an address with a sign of patterns', 'a_', ['a_b@example.com']],
    ['a name with a sign of patterns', 'adele 100%', ['adele@example.com']],
    ['a whole address in another spelling', 'Bob@BÜCHER.example', ['bob@xn--bcher-kva.example']],
    ['the middle of an address', 'example', []],
    ['a backslash', '\\', []],
    ['spaces', '  ', null],
  ])('finds users by the beginning: %s', async (_what, search, emails) => {
    expect(await emailsOf({ search })).toEqual(emails ?? (await emailsOf()));
  });

  test('finds a user by the beginning of the id, and not by another text', async () => {
    const { userId, email } = people[1] as AccountState;
    for (const search of [userId, userId.toUpperCase(), userId.slice(0, 35)])
      expect(await emailsOf({ search })).toContain(email);
    expect(await emailsOf({ search: userId })).toEqual([email]);
    expect(await emailsOf({ search: `${userId}0` })).toEqual([]);
    expect(await emailsOf({ search: userId.replaceAll('-', '') })).toEqual([]);
  });

  test('filters by disabled, verified and the time of creation, all at once', async () => {
    expect(await emailsOf({ disabled: true })).toEqual(['bob@xn--bcher-kva.example']);
    expect(await emailsOf({ disabled: false, verified: true })).toEqual(['ada@example.com']);
    expect(await emailsOf({ createdBefore: '2020-02-03T04:05:00.001Z' })).toEqual(['a_b@example.com']);
    expect(await emailsOf({ createdBefore: '2020-02-03T04:05:00Z' })).toEqual([]);
    const from = { createdFrom: '2020-02-03T04:05:00Z', createdBefore: '2021-01-01T00:00:00Z' };
    expect(await emailsOf(from)).toEqual(['a_b@example.com']);
    expect(await emailsOf({ search: 'a', verified: true, disabled: true })).toEqual([]);
  });

  test('refuses a page or a search that is not valid, by its name', async () => {
    expect(await refused({ first: 0 })).toBe('invalid first');
    expect(await refused({ first: 101 })).toBe('invalid first');
    expect(await refused({ after: 'x' })).toBe('invalid after');
    expect(await refused({ search: 'x'.repeat(256) })).toBe('max_length search');
    expect(await refused({ search: 'a\u0000' })).toBe('invalid search');
  });

  test('searches by the indexes', async () => {
    await gateway.sql.begin(async (tx) => {
      await tx`set local enable_seqscan = off`;
      const plan = await tx.unsafe(`explain select id from portcullis.users where email like 'ad%'
        or lower(name) like lower('ad%') or (id >= '${people[0]!.userId}' and id <= '${people[1]!.userId}')`);
      const text = plan.map((line) => Object.values(line)[0]).join('\n');
      for (const name of ['users_email_prefix_idx', 'users_name_prefix_idx', 'users_pkey'])
        expect(text).toContain(name);
    });
  });
});
