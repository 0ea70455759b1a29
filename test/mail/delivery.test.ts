import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { recordSecurityEvent } from '../../src/audit/security-events.ts';
import { enqueueMail } from '../../src/mail/queue.ts';
import { findOneTimeToken } from '../../src/one-time-tokens/one-time-tokens.ts';
import { newPerson, PUBLIC_URL, signUp, startGateway, type TestGateway } from '../support/gateway.ts';
import { proveAddress } from '../teams/people.ts';
import { countJobs, makeJobsDue, queueForLater, startSmtp, type TestSmtp } from './smtp.ts';

const NOWHERE = { address: null, userAgent: null };

describe('mail delivery', () => {
  let smtp: TestSmtp;
  let gateway: TestGateway;
  beforeAll(async () => {
    smtp = await startSmtp();
    // Statements wait for the locks that a test holds.
    gateway = await startGateway({ env: { SMTP_URL: smtp.url, DATABASE_STATEMENT_TIMEOUT_MS: '60000' } });
  });
  afterAll(async () => {
    await gateway.close();
    await smtp.stop();
  });

  /** Signs up a person, and discards their verification mail. */
  const someone = async ({ teamName }: { teamName?: string } = {}) => {
    const { teamName: _, ...person } = newPerson();
    const { user, ...tokens } = await signUp(gateway, { ...person, ...(teamName && { teamName }) });
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    smtp.mails.length = 0;
    return { ...user, ...tokens };
  };
  const deliver = async (...jobs: Parameters<typeof enqueueMail>[1][]) => {
    for (const job of jobs) await enqueueMail(gateway.deps.db, job);
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    return smtp.mails;
  };
  const isGood = async (purpose: 'reset_password' | 'change_email', token = '') =>
    findOneTimeToken(gateway.deps.db, { purpose, token });

  test('a password reset is mailed to the user with a link that is valid for an hour', async () => {
    const { id, email } = await someone();
    const [mail] = await deliver({ kind: 'password_reset', userId: id });
    expect(mail).toMatchObject({ to: [email], subject: 'Set a new password for auth.example.com' });
    expect(mail?.link).toBe(`${PUBLIC_URL}/mail/reset-password/${mail?.token}`);
    expect(await isGood('reset_password', mail?.token)).toEqual({ userId: id, email });
    const [{ minutes }] = await gateway.sql<[{ minutes: number }]>`
      select round(extract(epoch from expires_at - now()) / 60)::int as minutes
      from portcullis_private.one_time_tokens where user_id = ${id} and purpose = 'reset_password'`;
    expect(minutes).toBe(60);
  });

  test('a change of address mails a link to the new address, and a notice to the former address', async () => {
    const { id, email } = await someone();
    const newEmail = newPerson().email;
    const [confirm] = await deliver({ kind: 'email_change', userId: id, newEmail });
    expect(confirm?.to).toEqual([newEmail]);
    expect(confirm?.link).toBe(`${PUBLIC_URL}/mail/change-email/${confirm?.token}`);
    expect(await isGood('change_email', confirm?.token)).toEqual({ userId: id, email: newEmail });

    smtp.mails.length = 0;
    await gateway.sql`update portcullis.users set email = ${newEmail} where id = ${id}`;
    const told = await deliver({ kind: 'email_changed', userId: id, formerEmail: email });
    expect(told.map(({ to }) => to)).toEqual([[email]]);
    expect(told[0]?.text).not.toContain('http');
    expect(told[0]?.raw).not.toContain(newEmail);
  });

  test('the notice of a sign-in names device, IP address and time, and notices have no link', async () => {
    const { id, email } = await someone();
    await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${id}`;
    const [{ session }] = await gateway.sql<[{ session: string }]>`
      update portcullis.sessions set address = '203.0.113.7',
        user_agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0 http://evil.example'
      where user_id = ${id} returning id as session`;
    const mails = await deliver(
      { kind: 'password_changed', userId: id },
      { kind: 'new_sign_in', userId: id, sessionId: session },
    );
    expect(mails.map(({ to }) => to)).toEqual([[email], [email]]);
    const signIn = mails.find(({ subject }) => subject.startsWith('New sign-in'));
    expect(signIn?.text).toContain('Device: Firefox, Linux');
    expect(signIn?.text).toContain('Address: 203.0.113.7');
    expect(signIn?.text).toMatch(/Time: \d{4}-\d\d-\d\d \d\d:\d\d UTC/);
    for (const { text, html } of mails) expect(text + html).not.toMatch(/https?:/);
  });

  test('an invite reads the same whether or not the address has an account', async () => {
    const owner = await someone({ teamName: 'Engines' });
    const known = await someone();
    const [{ team }] = await gateway.sql<[{ team: string }]>`
      select team_id as team from portcullis.memberships where user_id = ${owner.id}`;
    const invite = async (email: string, validity = '7 days') => {
      const [{ id }] = await gateway.sql<[{ id: string }]>`
        insert into portcullis.invites (id, team_id, email, role, inviter_id, expires_at)
        values (gen_random_uuid(), ${team}, ${email}, 'MEMBER', ${owner.id}, now() + ${validity}::interval) returning id`;
      return id;
    };
    const stranger = newPerson().email;
    const ids = [
      await invite(known.email),
      await invite(stranger),
      await invite(newPerson().email, '-1 second'),
    ];
    const mails = await deliver(...ids.map((inviteId) => ({ kind: 'team_invite', inviteId }) as const), {
      kind: 'team_invite',
      inviteId: '00000000-0000-7000-8000-000000000000',
    });
    expect(mails.map(({ to }) => to[0]).sort()).toEqual([known.email, stranger].sort());
    expect(mails[0]?.subject).toBe('Ada invites you to a team at auth.example.com');
    expect(mails[0]?.text).toContain('“Engines”');
    const [one, other] = mails.map(({ text, html, link }) => (text + html).replaceAll(link, 'LINK'));
    expect(one).toBe(other);
    expect(mails.map(({ link }) => link).sort()).toEqual(
      ids
        .slice(0, 2)
        .map((id) => `${PUBLIC_URL}/mail/invite/${id}`)
        .sort(),
    );
  });

  test('a queued mail is dropped if its user is deleted, disabled, without an address or already verified', async () => {
    const gone = await someone();
    await gateway.sql`delete from portcullis.users where id = ${gone.id}`;
    const disabled = await someone();
    await gateway.sql`update portcullis.users set disabled_at = now() where id = ${disabled.id}`;
    const nameless = await someone();
    await gateway.sql`update portcullis.users set email = null where id = ${nameless.id}`;
    const verified = await someone();
    await proveAddress(gateway, verified.id);
    const people = [gone, disabled, nameless].map(({ id }) => id);
    const newEmail = newPerson().email;
    await deliver(
      ...people.map((userId) => ({ kind: 'verification', userId }) as const),
      ...people.map((userId) => ({ kind: 'password_reset', userId }) as const),
      ...[gone.id, disabled.id].map((userId) => ({ kind: 'email_change', userId, newEmail }) as const),
      { kind: 'email_change', userId: verified.id, newEmail: verified.email },
      { kind: 'verification', userId: verified.id },
      { kind: 'none' },
    );
    expect(smtp.mails).toEqual([]);
    const tokens = await gateway.sql`
      select purpose from portcullis_private.one_time_tokens where user_id = any(${people}) and purpose <> 'verify_email'`;
    expect(tokens).toHaveLength(0);
  });

  test('a new password drops the queued resets and changes of address', async () => {
    const { id } = await someone();
    await proveAddress(gateway, id);
    await queueForLater(gateway.sql, { kind: 'password_reset', userId: id });
    await queueForLater(gateway.sql, { kind: 'email_change', userId: id, newEmail: newPerson().email });
    await gateway.sql`update portcullis_private.passwords set updated_at = now() + interval '1 second' where user_id = ${id}`;
    await makeJobsDue(gateway.sql);
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    expect(smtp.mails).toEqual([]);
  });

  test('a password change that commits during a delivery drops the reset and the change of address', async () => {
    const { id } = await someone();
    await proveAddress(gateway, id);
    await queueForLater(gateway.sql, { kind: 'password_reset', userId: id });
    await queueForLater(gateway.sql, { kind: 'email_change', userId: id, newEmail: newPerson().email });
    const waiting = () => gateway.sql`
      select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await gateway.sql.begin(async (sql) => {
      await sql`select 1 from portcullis.users where id = ${id} for update`;
      await makeJobsDue(gateway.sql);
      await expect.poll(waiting).toHaveLength(2);
      await sql`update portcullis_private.passwords set hash = hash where user_id = ${id}`;
      await sql`delete from portcullis_private.one_time_tokens where user_id = ${id}`;
    });
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    expect(smtp.mails).toEqual([]);
    const tokens = await gateway.sql`select 1 from portcullis_private.one_time_tokens where user_id = ${id}`;
    expect(tokens).toHaveLength(0);
  });

  test.each(['email_changed', 'account_disabled'])(
    'a delayed change of address is dropped after %s',
    async (action) => {
      const { id } = await someone();
      await queueForLater(gateway.sql, { kind: 'email_change', userId: id, newEmail: newPerson().email });
      await recordSecurityEvent(gateway.deps.db, { action: action as never, userId: id, device: NOWHERE });
      await makeJobsDue(gateway.sql);
      await expect.poll(() => countJobs(gateway.sql)).toBe(0);
      expect(smtp.mails).toEqual([]);
      const tokens = await gateway.sql`
        select 1 from portcullis_private.one_time_tokens where user_id = ${id} and purpose = 'change_email'`;
      expect(tokens).toHaveLength(0);
    },
  );

  test('a delayed mail does not replace the token of a later mail', async () => {
    const { id } = await someone();
    await queueForLater(gateway.sql, { kind: 'password_reset', userId: id });
    await sleep(5);
    await enqueueMail(gateway.deps.db, { kind: 'password_reset', userId: id });
    const [later] = await smtp.receive(1);
    await makeJobsDue(gateway.sql);
    await expect.poll(() => countJobs(gateway.sql)).toBe(0);
    expect(smtp.mails).toHaveLength(1);
    expect(await isGood('reset_password', later?.token)).toMatchObject({ userId: id });
  });

  test('an invite shows hostile names without links and markup', async () => {
    const { id } = await someone({ teamName: 'Engines' });
    await gateway.sql`update portcullis.users
      set name = ${'Win <b>1000$</b> at https://evil.example/x?a=1 www.evil.com now'} where id = ${id}`;
    await gateway.sql`update portcullis.teams set name = ${'{{link}} a.b@evil.com " onload="x'}
      where id in (select team_id from portcullis.memberships where user_id = ${id})`;
    const [{ invite }] = await gateway.sql<[{ invite: string }]>`
      insert into portcullis.invites (id, team_id, email, role, inviter_id, expires_at)
      select gen_random_uuid(), team_id, ${newPerson().email}, 'MEMBER', ${id}, now() + interval '1 day'
      from portcullis.memberships where user_id = ${id} returning id as invite`;
    const [mail] = await deliver({ kind: 'team_invite', inviteId: invite });
    const everything = `${mail?.subject}\n${mail?.text}\n${mail?.html}`.replaceAll(mail?.link ?? '', '');
    for (const bad of ['https:/', 'evil.c', 'evil.e', 'www.e', '<b>', '@evil', '{{'])
      expect(everything).not.toContain(bad);
    expect(mail?.html).not.toContain('onload="');
    expect(mail?.subject).toContain('Win b1000$/b at https: //evil. example/x?a=1 www. evil');
  });
});
