import { hash } from 'argon2';
import postgres from 'postgres';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { codeOf, FORGOT, RESET } from '../accounts/accounts.ts';
import { createFormerDatabase } from '../db/former-database.ts';
import { startSmtp, type TestSmtp } from '../mail/smtp.ts';
import type { TestDatabase } from '../support/database.ts';
import { LOGIN, startGateway, type TestGateway } from '../support/gateway.ts';

// Two accounts from before addresses were canonical, with spellings of one mailbox. Each has its own lock at the login.

const CANONICAL = 'ada@xn--bcher-kva.example';
const FORMER = 'ada@bücher.example';
const PASSWORDS = { [CANONICAL]: 'the canonical one', [FORMER]: 'the former one' } as Record<string, string>;

let database: TestDatabase;
let smtp: TestSmtp;
let gateway: TestGateway;
beforeAll(async () => {
  database = await createFormerDatabase(2);
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  for (const email of [CANONICAL, FORMER]) {
    const hashed = await hash(PASSWORDS[email] ?? '', { memoryCost: 1024, timeCost: 1, parallelism: 1 });
    const [added] = await sql`insert into portcullis.users (id, email, name)
      values (gen_random_uuid(), ${email}, 'Ada') returning id`;
    await sql`insert into portcullis_private.passwords (user_id, hash) values (${added?.id}, ${hashed})`;
  }
  await sql.end();
  await applyMigrations(database.url);
  smtp = await startSmtp();
  gateway = await startGateway({
    env: {
      ...{ DATABASE_URL: database.url, SMTP_URL: smtp.url, TRUSTED_PROXIES: '127.0.0.1' },
      LIMIT_LOGIN_PER_ACCOUNT: '3/900',
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await smtp.stop();
  await database.drop();
});
beforeEach(() => gateway.sql`delete from portcullis_private.rate_limits`);

// The callers' address is not known, so that every login is a stranger's.
const STRANGER = { 'x-forwarded-for': 'unknown' };
const signIn = (email: string, password = PASSWORDS[email]) =>
  gateway.graphql(LOGIN, { input: { email, password } }, STRANGER);
const guess = (email: string) =>
  codeOf(gateway.failure(LOGIN, { input: { email, password: 'not this one' } }, STRANGER));
const lock = async (email: string) => {
  for (let n = 0; n < 3; n++) expect(await guess(email)).toBe('invalid_credentials');
  expect(await guess(email)).toBe('rate_limited');
};

test('a login to one account does not clear the failed logins of the other', async () => {
  for (let n = 0; n < 3; n++) {
    expect(await guess(CANONICAL)).toBe('invalid_credentials');
    await signIn(FORMER);
  }
  expect(await guess(CANONICAL)).toBe('rate_limited');
});

test.each([
  [FORMER, CANONICAL],
  [CANONICAL, FORMER],
])('the lock of %s leaves %s open', async (locked, open) => {
  await lock(locked);
  await signIn(open);
});

test('the failed logins of an account count together in every spelling that finds the account', async () => {
  for (const email of [FORMER, ' Ada@BÜCHER.example', 'ADA@bücher.example'])
    expect(await guess(email)).toBe('invalid_credentials');
  expect(await guess(FORMER)).toBe('rate_limited');
});

test('an unknown address is locked in every spelling', async () => {
  await lock('nobody@bücher.example');
  expect(await guess('nobody@xn--bcher-kva.example')).toBe('rate_limited');
});

test('a password reset unlocks its own account only', async () => {
  await lock(FORMER);
  await lock(CANONICAL);
  await gateway.graphql(FORGOT, { input: { email: FORMER } });
  const [mail] = await smtp.receive(1);
  const newPassword = 'a new passphrase';
  await gateway.graphql(RESET, { input: { token: mail?.token, newPassword } });
  await signIn(FORMER, newPassword);
  expect(await guess(CANONICAL)).toBe('rate_limited');
});
