import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { newPerson, signUp } from '../support/gateway.ts';
import { type Codes, otherThan, startCodes, verifiedUser } from './codes.ts';
import { expectError } from './wire.ts';

// Known and unknown addresses get the same answers after the same work, also where a limit refuses.

const codes = forFile(async () => {
  const started = await startCodes();
  const { sql } = started.gateway;
  await sql`create table public.queued as select 1 as job where false`;
  await sql.unsafe(`create function public.note() returns trigger language plpgsql as $$
    begin insert into public.queued values (1); return new; end $$`);
  await sql`create trigger note after insert on portcullis_jobs._private_jobs
    for each row execute function public.note()`;
  return started;
});
const spaced = forFile(() =>
  startCodes({ LIMIT_MAIL_SPACING_SECONDS: '60', LIMIT_MAIL_PER_RECIPIENT: '3/86400' }),
);

/** What a request writes, besides its answer. */
async function workOf({ gateway, post }: Codes, path: string, body: object) {
  const counts = async () => {
    const [row] = await gateway.sql`
      select (select count(*)::int from portcullis_private.flow_states) as flows,
        (select count(*)::int from portcullis.security_events) as events,
        (select count(*)::int from public.queued) as jobs`;
    return row as { flows: number; events: number; jobs: number };
  };
  const hashes = gateway.deps.hashGate.finished;
  const before = await counts();
  const { status, body: answer, headers } = await post(path, body);
  const after = await counts();
  const sent = [...headers.keys()].filter((name) => name !== 'date');
  return {
    ...{ status, answer, sent, flows: after.flows - before.flows, events: after.events - before.events },
    ...{ jobs: after.jobs - before.jobs, hashes: gateway.deps.hashGate.finished - hashes },
  };
}

async function people() {
  const known = await verifiedUser(codes);
  const disabled = await verifiedUser(codes);
  await codes.gateway.sql`update portcullis.users set disabled_at = now() where id = ${disabled.id}`;
  const unverified = newPerson();
  await signUp(codes.gateway, unverified);
  await codes.countMails(known.email);
  return [known.email, disabled.email, unverified.email, newPerson().email];
}

describe('a known, a disabled, an unverified and an unknown address', () => {
  // A change of the address may have to be confirmed by both addresses, each of which gets a mail.
  test.each([
    ['/recover', {}, 1],
    ['/resend', { type: 'signup' }, 1],
    ['/resend', { type: 'email_change' }, 2],
  ])('get the same answer after the same work: %s %j', async (path, body, mails) => {
    const work = [];
    for (const email of await people()) {
      work.push(await workOf(codes, path, { ...body, email }));
      await codes.countMails(email);
    }
    const queued = { flows: mails, events: mails, jobs: mails };
    expect(work[0]).toMatchObject({ status: 200, answer: {}, ...queued, hashes: 0 });
    expect(work).toEqual(Array(4).fill(work[0]));
  });

  test('get the same answer after the same work for a wrong code', async () => {
    const emails = await people();
    const [known = ''] = emails;
    await codes.post('/otp', { email: known });
    const { code } = await codes.mailed(known, 2);
    const work = [];
    for (const email of emails)
      work.push(await workOf(codes, '/verify', { type: 'email', email, token: otherThan(code) }));
    expect(work[0]).toMatchObject({ status: 403, flows: 0, events: 1, jobs: 0, hashes: 0 });
    expect(work).toEqual(Array(4).fill(work[0]));
  });
});

describe('the spacing of mails', () => {
  const afterMail = 'For security purposes, you can only request this after';

  test.each(['/recover', '/otp', '/magiclink'])(
    'refuses the second request alike, with Retry-After: %s',
    async (path) => {
      const known = newPerson().email;
      await spaced.post('/otp', { email: known });
      await spaced.gateway.sql`delete from portcullis_private.rate_limits`;
      for (const email of [known, newPerson().email]) {
        expect(await spaced.post(path, { email })).toMatchObject({ status: 200, body: {} });
        const second = await spaced.post(path, { email });
        expectError(second, 429, 'over_email_send_rate_limit', expect.stringContaining(afterMail));
        expect(Number(second.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    },
  );

  test('counts all spellings of a mailbox together', async () => {
    const { email } = newPerson();
    await spaced.post('/recover', { email });
    const second = await spaced.post('/recover', { email: ` ${email.toUpperCase()}` });
    expect(second).toMatchObject({ status: 429, body: { error_code: 'over_email_send_rate_limit' } });
  });

  test('does not add up to more than the daily cap, known or not', async () => {
    const known = newPerson().email;
    await spaced.post('/otp', { email: known });
    await spaced.gateway.sql`delete from portcullis_private.rate_limits`;
    for (const email of [known, newPerson().email]) {
      const statuses = [];
      for (let day = 0; day < 5; day++) {
        statuses.push((await spaced.post('/recover', { email })).status);
        await spaced.gateway.sql`
          update portcullis_private.rate_limits set resets_at = now() where key like 'mail\\_recovery%'`;
      }
      expect(statuses).toEqual([200, 200, 200, 429, 429]);
    }
  });
});

test('a refused address is counted for its caller: otp_disabled', async () => {
  const limited = await startCodes({ LIMIT_CODES_PER_ADDRESS: '3/60' });
  const ask = () => limited.post('/otp', { email: newPerson().email, create_user: false });
  const answers = [await ask(), await ask(), await ask(), await ask()];
  expect(answers.map(({ status }) => status)).toEqual([422, 422, 422, 429]);
  expect(answers[3]?.body).toMatchObject({ error_code: 'over_request_rate_limit' });
  await limited.close();
});

test('guesses are counted per caller, over all addresses', async () => {
  const limited = await startCodes({ LIMIT_CODE_GUESSES_PER_ADDRESS: '3/60' });
  const guess = () => limited.post('/verify', { type: 'email', email: newPerson().email, token: '123456' });
  const answers = [await guess(), await guess(), await guess(), await guess()];
  expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 429]);
  await limited.close();
});
