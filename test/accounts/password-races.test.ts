import { hash } from 'argon2';
import type postgres from 'postgres';
import { beforeEach, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, LOGIN, newPerson, type SignedInAnswer, signUp, startGateway } from '../support/gateway.ts';
import { outcomeOf } from '../teams/people.ts';
import { CHANGE_PASSWORD } from './accounts.ts';

// A login renews a hash that has other parameters than those of today. It does so without the lock of the account.

const gateway = forFile(() => startGateway());

const WEAK = { memoryCost: 1024, timeCost: 1, parallelism: 1 };
const OTHER_PASSWORD = 'another passphrase';

let person: ReturnType<typeof newPerson>;
let signedIn: SignedInAnswer;
beforeEach(async () => {
  person = newPerson();
  signedIn = await signUp(gateway, person);
  await storeHash(gateway.sql, await hash(person.password, WEAK));
});

const storeHash = (sql: postgres.Sql | postgres.TransactionSql, hashed: string) =>
  sql`update portcullis_private.passwords set hash = ${hashed} where user_id = ${signedIn.user.id}`;

const login = (password = person.password) =>
  outcomeOf(gateway.graphql(LOGIN, { input: { email: person.email, password } }));

const changePassword = () => {
  const input = { currentPassword: person.password, newPassword: OTHER_PASSWORD };
  return outcomeOf(gateway.graphql(CHANGE_PASSWORD, { input }, bearer(signedIn.accessToken)));
};

/** Runs an operation that reads the weak hash, and changes the hash while it waits to write its own. */
async function whileHashChanges(hashed: string, operation: () => Promise<string>): Promise<string> {
  let outcome: Promise<string> | undefined;
  await gateway.sql.begin(async (tx) => {
    await storeHash(tx, hashed);
    outcome = operation();
    const countWaiting = async () =>
      (
        await tx`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
          and application_name = 'portcullis'`
      ).length;
    await expect.poll(countWaiting, { interval: 10 }).toBe(1);
  });
  return (await outcome) ?? '';
}

test('a login by the former password fails if the password changes while its hash is renewed: invalid_credentials', async () => {
  expect(await whileHashChanges(await hash(OTHER_PASSWORD), login)).toBe('invalid_credentials');
  const [{ sessions } = { sessions: 0 }] = await gateway.sql`
    select count(*)::int as sessions from portcullis.sessions where user_id = ${signedIn.user.id}`;
  expect(sessions).toBe(1);
});

test('a login succeeds if another login renews the hash at the same time', async () => {
  expect(await whileHashChanges(await hash(person.password), login)).toBe('done');
});

test('a password change during a login that renews the hash fails and changes nothing: invalid_credentials', async () => {
  expect(await whileHashChanges(await hash(person.password), changePassword)).toBe('invalid_credentials');
  expect(await login(OTHER_PASSWORD)).toBe('invalid_credentials');
  expect(await login()).toBe('done');
  expect(
    await gateway.sql`select from portcullis.security_events
      where user_id = ${signedIn.user.id} and action = 'password_changed'`,
  ).toHaveLength(0);
});
