import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { CHANGE_EMAIL, codeOf, EMAIL_EXISTS, FORGOT, UPDATE_PROFILE } from '../accounts/accounts.ts';
import { startWireSmtp, type WireSmtp } from '../mail/smtp-wire.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  bearer,
  logIn,
  ME,
  newPerson,
  SIGNUP,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { addFormerAccounts, addInvite, PASSWORD } from './former-accounts.ts';
import { createFormerDatabase } from './former-database.ts';

describe('a database from before addresses were canonical', () => {
  let database: TestDatabase;
  let gateway: TestGateway;
  let smtp: WireSmtp;
  let sql: postgres.Sql;
  const ids: Record<string, string> = {};

  const emailOf = async (id = '') =>
    (await sql`select email from portcullis.users where id = ${id}`)[0]?.email as string;
  const signedInAs = async (email: string) => (await logIn(gateway, { email, password: PASSWORD })).user.id;
  const isValidated = async () =>
    Object.fromEntries(
      (
        await sql`select conname, convalidated from pg_constraint where conname like '%\\_email\\_canonical'`
      ).map(({ conname, convalidated }) => [conname, convalidated]),
    );

  beforeAll(async () => {
    database = await createFormerDatabase(2);
    sql = postgres(database.url, { max: 2, onnotice: () => {} });
    Object.assign(ids, await addFormerAccounts(sql));
    await applyMigrations(database.url);
    smtp = await startWireSmtp();
    gateway = await startGateway({
      env: { DATABASE_URL: database.url, SMTP_URL: `smtp://127.0.0.1:${smtp.port}` },
    });
  });
  afterAll(async () => {
    await gateway.close();
    await smtp.stop();
    await sql.end({ timeout: 5 });
    await database.drop();
  });

  test('gets canonical addresses for hundreds of accounts and marks those that clash', async () => {
    const now = async (...names: string[]) => Promise.all(names.map((name) => emailOf(ids[name])));
    expect(await now('plain', 'alone', 'wide', 'ascii', 'canonical', 'local')).toEqual([
      ...[
        'plain@example.com',
        'alone@xn--bcher-kva.example',
        'wide@example.com',
        'ascii@xn--bcher-kva.example',
      ],
      ...['pair@xn--bcher-kva.example', 'ünï@example.com'],
    ]);
    const [many] = await sql`select count(*)::int as n from portcullis.users
      where email like 'many-%@xn--bcher-kva.example' and canonical_email is null`;
    expect(many).toEqual({ n: 600 });
    const marked = await sql`select email, canonical_email from portcullis.users
      where canonical_email is not null order by id`;
    expect(marked.map(({ email, canonical_email }) => `${email} ${canonical_email}`)).toEqual([
      'pair@bücher.example pair@xn--bcher-kva.example',
      'two@ｂücher.example two@xn--bcher-kva.example',
      'two@bücher.example two@xn--bcher-kva.example',
      'number@10.20.30.40 ',
      'hid\u3164den@example.com ',
    ]);
  });

  test('keeps the mailed token of an account whose address was made canonical', async () => {
    const tokens =
      await sql`select email from portcullis_private.one_time_tokens where user_id = ${ids.alone ?? ''}`;
    expect(tokens).toEqual([{ email: 'alone@xn--bcher-kva.example' }]);
    const page = await fetch(`${gateway.url}/mail/verify-email/a%20token`);
    expect([page.status, await page.text()]).toEqual([
      200,
      expect.stringContaining('alone@xn--bcher-kva.example'),
    ]);
  });

  test('keeps the last renewed invite of each team and mailbox, and deletes invites without a mailbox', async () => {
    const rows = await sql`select email, role from portcullis.invites order by email`;
    expect(rows.map(({ email, role }) => `${email} ${role}`)).toEqual([
      'guest@example.com MEMBER',
      'guest@xn--bcher-kva.example MEMBER',
      'renewed@xn--bcher-kva.example ADMIN',
      'settled@xn--bcher-kva.example MEMBER',
    ]);
  });

  test('lets every account log in under its stored spelling', async () => {
    for (const [name, email] of [
      ['alone', 'alone@bücher.example'],
      ['alone', 'Alone@XN--BCHER-KVA.example'],
      ['former', 'pair@bücher.example'],
      ['former', ' Pair@BÜCHER.example'],
      ['canonical', 'pair@xn--bcher-kva.example'],
      ['first', 'two@ｂücher.example'],
      ['second', 'two@bücher.example'],
      ['number', 'number@10.20.30.40'],
      ['hidden', 'hid\u3164den@example.com'],
    ] as const)
      expect([email, await signedInAs(email)]).toEqual([email, ids[name]]);
  });

  test('lets a clashing account be renamed, verified, disabled and request another address', async () => {
    const { accessToken, user } = await logIn(gateway, { email: 'two@ｂücher.example', password: PASSWORD });
    const headers = bearer(accessToken);
    await gateway.graphql(UPDATE_PROFILE, { input: { name: 'Grace' } }, headers);
    await sql`update portcullis.users set email_verified_at = now(), disabled_at = now() where id = ${user.id}`;
    await sql`update portcullis.users set disabled_at = null where id = ${user.id}`;
    const wanted = newPerson().email;
    await gateway.graphql(CHANGE_EMAIL, { input: { newEmail: wanted, currentPassword: PASSWORD } }, headers);
    await expect.poll(() => smtp.recipients()).toContain(wanted);
    expect(await gateway.graphql(ME, {}, headers)).toMatchObject({
      me: { name: 'Grace', emailVerified: true },
    });
  });

  test('sends mail to the mailbox of a clashing account, but not to an address without a mailbox', async () => {
    for (const email of ['pair@bücher.example', 'number@10.20.30.40'])
      await gateway.graphql(FORGOT, { input: { email } });
    await expect.poll(() => smtp.recipients()).toContain('pair@xn--bcher-kva.example');
    await expect.poll(() => gateway.logged()).toContain('its address has no canonical form');
    expect(smtp.recipients()).not.toContain('number@10.20.30.40');
    expect(gateway.logged()).not.toContain('10.20.30.40');
  });

  test('refuses the mailbox of a clash to a third account in every spelling: already_registered', async () => {
    for (const email of ['two@xn--bcher-kva.example', 'two@BÜCHER.example', 'pair@bücher.example']) {
      const input = newPerson({ email });
      expect(await codeOf(gateway.failure(SIGNUP, { input }))).toBe('already_registered email');
      expect(await gateway.graphql(EMAIL_EXISTS, { email })).toEqual({ emailExists: true });
    }
    await expect(
      sql`update portcullis.users set email = 'two@xn--bcher-kva.example' where id = ${ids.plain ?? ''}`,
    ).rejects.toMatchObject({ code: '23505', constraint_name: 'users_email_key' });
  });

  test('refuses new addresses that are not canonical, and new marks', async () => {
    for (const email of [
      'new@bücher.example',
      'new@example.com.',
      'new@1.2.3.4',
      'new@localhost',
      'a b@example.com',
    ])
      await expect(
        sql`insert into portcullis.users (id, email) values (gen_random_uuid(), ${email})`,
      ).rejects.toMatchObject({ constraint_name: 'users_email_canonical' });
    const mark = { constraint_name: 'users_canonical_email_is_former' };
    await expect(
      sql`insert into portcullis.users (id, email, canonical_email) values (gen_random_uuid(), 'new@bücher.example', '')`,
    ).rejects.toMatchObject(mark);
    await expect(
      sql`update portcullis.users set canonical_email = '' where id = ${ids.plain ?? ''}`,
    ).rejects.toMatchObject(mark);
    await expect(addInvite(sql, 'new@bücher.example', 'MEMBER', 1)).rejects.toMatchObject({
      constraint_name: 'invites_email_canonical',
    });
  });

  test('has its clashes listed by users:clashes, with facts about each account', async () => {
    await sql`update portcullis.users set email_verified_at = '2026-02-03 04:05Z', created_at = '2026-01-02 03:04Z'
      where id = ${ids.former ?? ''}`;
    const { stdout } = await promisify(execFile)(
      'node',
      ['--import', 'tsx', 'src/commands/users-clashes.ts'],
      {
        env: {
          PATH: process.env.PATH ?? '',
          DATABASE_URL: database.url,
          DATA_DIR: join(tmpdir(), 'portcullis-clashes'),
        },
      },
    );
    expect(stdout).toContain(`Mailbox pair@xn--bcher-kva.example
  ${ids.canonical}  pair@xn--bcher-kva.example
`);
    expect(stdout).toMatch(
      new RegExp(`  ${ids.former}  pair@bücher.example
    created 2026-01-02 03:04, verified 2026-02-03 04:05, last sign-in 20\\d\\d-`),
    );
    expect(stdout).toContain(`No canonical form\n  ${ids.number}  number@10.20.30.40\n`);
    expect(stdout).not.toContain('plain@example.com');
    expect(gateway.logged()).toContain('npm run users -- clashes');
  });

  test('validates its checks once an operator has resolved the last clash', async () => {
    expect(await isValidated()).toEqual({
      invites_email_canonical: true,
      signup_invitations_email_canonical: true,
      users_email_canonical: false,
    });
    await applyMigrations(database.url);
    expect(await isValidated()).toMatchObject({ users_email_canonical: false });
    await sql`delete from portcullis.users where id = ${ids.canonical ?? ''}`;
    await sql`update portcullis.users set email = 'first@example.com' where id = ${ids.first ?? ''}`;
    await sql`update portcullis.users set email = 'number@example.com' where id = ${ids.number ?? ''}`;
    await sql`delete from portcullis.users where id = ${ids.hidden ?? ''}`;
    await applyMigrations(database.url);
    expect(await isValidated()).toMatchObject({ invites_email_canonical: true, users_email_canonical: true });
    expect(await sql`select from portcullis.users where canonical_email is not null`).toHaveLength(0);
    expect([await emailOf(ids.former), await emailOf(ids.second)]).toEqual([
      ...['pair@xn--bcher-kva.example', 'two@xn--bcher-kva.example'],
    ]);
    expect(await signedInAs('pair@bücher.example')).toBe(ids.former);
  });
});

test('a new database has both checks validated', async () => {
  const gateway = await startGateway();
  await signUp(gateway);
  const checks = await gateway.sql`
    select convalidated from pg_constraint where conname in ('users_email_canonical', 'invites_email_canonical')`;
  expect(checks).toEqual([{ convalidated: true }, { convalidated: true }]);
  await gateway.close();
});
