import { afterAll, beforeAll, expect, test } from 'vitest';
import { CHANGE_EMAIL, join, openPage, passSpacing, RESEND, VERIFY } from '../accounts/accounts.ts';
import { newPerson, PUBLIC_URL, startGateway, type TestGateway } from '../support/gateway.ts';
import { type Arrived, countJobs, makeJobsDue, startSmtp, type TestSmtp } from './smtp.ts';

// A stranger asks for a change of address, and the mail server defers the mail. The owner of the mailbox acts before it is sent.

const isPutOff = (to: string) => to.startsWith('put-off-');
let isPuttingOff = true;
let smtp: TestSmtp;
let gateway: TestGateway;
beforeAll(async () => {
  smtp = await startSmtp({ refuse: (to) => (isPuttingOff && isPutOff(to) ? 450 : null) });
  gateway = await startGateway({ env: { SMTP_URL: smtp.url } });
});
afterAll(async () => {
  await gateway.close();
  await smtp.stop();
});

const mailTo = async (email: string): Promise<Arrived> => {
  const mails = () => smtp.mails.filter(({ to }) => to.includes(email));
  await expect.poll(() => mails().length).toBe(2);
  return mails()[1] as Arrived;
};

/** An account with a verified address, an unproven password and a deferred change of address. */
async function prepare() {
  const stranger = await join({ gateway });
  await gateway.sql`update portcullis.users set email_verified_at = now() where id = ${stranger.user.id}`;
  const putOff = `put-off-${newPerson().email}`;
  const input = { newEmail: putOff, currentPassword: stranger.password };
  await gateway.graphql(CHANGE_EMAIL, { input }, stranger.headers);
  const failed = () => gateway.sql`select from portcullis_jobs.jobs where last_error is not null`;
  await expect.poll(async () => (await failed()).length).toBe(1);
  await passSpacing(gateway);
  await gateway.graphql(RESEND, {}, stranger.headers);
  return { stranger, putOff, mail: await mailTo(stranger.email) };
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

test.each<[string, (prepared: Prepared) => Promise<unknown>]>([
  ['suspends the password', ({ mail: { token } }) => fetch(`${gateway.url}/api/verify-email/${token}`)],
  [
    'disowns the sign-up',
    ({ mail }) => openPage(gateway, mail.link.slice(PUBLIC_URL.length), { disown: 'yes' }),
  ],
  [
    'proves the password',
    ({ mail: { token }, stranger: { password } }) => gateway.graphql(VERIFY, { input: { token, password } }),
  ],
])('a deferred change of address is dropped once the mailbox’s owner %s', async (_how, prove) => {
  isPuttingOff = true;
  const prepared = await prepare();
  await prove(prepared);
  isPuttingOff = false;
  await makeJobsDue(gateway.sql);
  await expect.poll(() => countJobs(gateway.sql)).toBe(0);
  expect(smtp.mails.filter(({ to }) => to.includes(prepared.putOff))).toEqual([]);
  const tokens = await gateway.sql`
    select from portcullis_private.one_time_tokens where user_id = ${prepared.stranger.user.id} and purpose = 'change_email'`;
  expect(tokens).toHaveLength(0);
});
