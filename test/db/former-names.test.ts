import { hash } from 'argon2';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { FORGOT, openPage, RESEND, RESET } from '../accounts/accounts.ts';
import { startSmtp, type TestSmtp } from '../mail/smtp.ts';
import type { TestDatabase } from '../support/database.ts';
import { bearer, logIn, startGateway, type TestGateway } from '../support/gateway.ts';
import { createFormerDatabase } from './former-database.ts';

// Names from before the database had a rule for them. A team must not get a name that breaks the rule.

const PASSWORD = 'correct horse';
const NAMES = [
  ['a space before it', ' Ada', "Ada's team"],
  ['spaces after it', 'Ada \u00A0', "Ada's team"],
  ['a decomposed letter', 'Ame\u0301lie', "Amélie's team"],
  ['only an invisible character', '\u3164', 'My team'],
  ['the maximum length', 'x'.repeat(255), 'My team'],
] as const;

let database: TestDatabase;
let sql: postgres.Sql;
let smtp: TestSmtp;
let gateway: TestGateway;
beforeAll(async () => {
  database = await createFormerDatabase(2);
  sql = postgres(database.url, { max: 1, onnotice: () => {} });
  const hashed = await hash(PASSWORD, { memoryCost: 1024, timeCost: 1, parallelism: 1 });
  for (const way of ['verified', 'reset'])
    for (const [index, [, name]] of NAMES.entries()) {
      const [added] = await sql`insert into portcullis.users (id, email, name)
        values (gen_random_uuid(), ${`${way}-${index}@example.com`}, ${name}) returning id`;
      await sql`insert into portcullis_private.passwords (user_id, hash) values (${added?.id}, ${hashed})`;
    }
  await applyMigrations(database.url);
  smtp = await startSmtp();
  gateway = await startGateway({ env: { DATABASE_URL: database.url, SMTP_URL: smtp.url } });
});
afterAll(async () => {
  await gateway.close();
  await smtp.stop();
  await sql.end({ timeout: 5 });
  await database.drop();
});

const mailTo = async (email: string) => {
  const find = () => smtp.mails.find(({ to }) => to.includes(email));
  await expect.poll(find).toBeDefined();
  return find();
};
const teamsOf = async (email: string) =>
  (
    await sql`select t.name from portcullis.teams t join portcullis.memberships m on m.team_id = t.id
      join portcullis.users u on u.id = m.user_id where u.email = ${email}`
  ).map(({ name }) => name as string);

describe.each(NAMES.map((row, index) => [...row, index] as const))(
  'a former person whose name has %s',
  (_what, _name, team, index) => {
    test('verifies the address and gets a team with a valid name', async () => {
      const email = `verified-${index}@example.com`;
      const { accessToken } = await logIn(gateway, { email, password: PASSWORD });
      await gateway.graphql(RESEND, {}, bearer(accessToken));
      const page = `/mail/verify-email/${(await mailTo(email))?.token}`;
      expect((await openPage(gateway, page, { password: PASSWORD })).status).toBe(200);
      expect(await teamsOf(email)).toEqual([team]);
    });

    test('resets the password and gets a team with a valid name', async () => {
      const email = `reset-${index}@example.com`;
      await gateway.graphql(FORGOT, { input: { email } });
      const newPassword = 'a new passphrase';
      await gateway.graphql(RESET, { input: { token: (await mailTo(email))?.token, newPassword } });
      await logIn(gateway, { email, password: newPassword });
      expect(await teamsOf(email)).toEqual([team]);
    });
  },
);
