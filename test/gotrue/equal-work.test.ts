import { afterAll, beforeAll, expect, test } from 'vitest';
import { newNumber, signUpByPhone } from '../sms/phone-people.ts';
import { newPerson, startGateway, type TestGateway } from '../support/gateway.ts';
import { countStatements, type StatementCounter } from '../support/statement-counter.ts';
import { verifiedPerson } from './people.ts';
import { send } from './wire.ts';

// A request for a mail or a text message tells neither by its answer nor by its work whether an address or a number has an account.

let first: TestGateway;
let gateway: TestGateway;
let statements: StatementCounter;
beforeAll(async () => {
  first = await startGateway({ env: { SMS_PROVIDER: 'test' } });
  // The worker shares connections with requests. It starts no job, so that all statements are of requests.
  await first.sql.unsafe(`create function public.postpone() returns trigger language plpgsql as $$
    begin new.run_at := now() + interval '1 day'; return new; end $$`);
  await first.sql`create trigger postpone before insert on portcullis_jobs._private_jobs
    for each row execute function public.postpone()`;
  statements = await countStatements(first.databaseUrl);
  gateway = await startGateway({
    replicaOf: first,
    env: { DATABASE_URL: statements.url, DATABASE_DIRECT_URL: first.databaseUrl },
  });
});
afterAll(async () => {
  await gateway.close();
  statements.close();
  await first.close();
});

type Person = 'known' | 'unknown' | 'disabled' | 'unverified';

async function addressOf(person: Person): Promise<string> {
  if (person === 'unknown') return newPerson().email;
  const member = await verifiedPerson(first);
  if (person === 'disabled')
    await first.sql`update portcullis.users set disabled_at = now() where id = ${member.user.id}`;
  if (person === 'unverified')
    await first.sql`update portcullis.users set email_verified_at = null where id = ${member.user.id}`;
  return member.person.email;
}

/** What a request costs, and how it is answered. */
async function costOf(path: string, body: object) {
  const rows = async () => {
    const [counted] = await first.sql`
      select (select count(*)::int from portcullis.security_events) as events,
        (select count(*)::int from portcullis_private.flow_states) as flows`;
    return counted as { events: number; flows: number };
  };
  const before = {
    ...(await rows()),
    statements: statements.statements.length,
    hashes: gateway.deps.hashGate.finished,
  };
  const { status, headers, body: answer } = await send(gateway, 'POST', path, { body });
  const after = {
    ...(await rows()),
    statements: statements.statements.length,
    hashes: gateway.deps.hashGate.finished,
  };
  return {
    ...{ status, answer, headers: [...headers.keys()].sort() },
    events: after.events - before.events,
    flows: after.flows - before.flows,
    statements: statements.statements.slice(before.statements, after.statements),
    hashes: after.hashes - before.hashes,
  };
}

const REQUESTS: [string, string, object, Person[]][] = [
  ['a recovery', '/recover', {}, ['known', 'unknown', 'disabled', 'unverified']],
  ['a magic link', '/magiclink', {}, ['known', 'disabled', 'unverified']],
  ['a code', '/otp', {}, ['known', 'disabled', 'unverified']],
  ['a resend of a sign-up', '/resend', { type: 'signup' }, ['known', 'unknown', 'disabled']],
  [
    'a resend of a change of the address',
    '/resend',
    { type: 'email_change' },
    ['known', 'unknown', 'disabled'],
  ],
  [
    'a code that nothing was sent for',
    '/verify',
    { type: 'email', token: '123456' },
    ['known', 'unknown', 'disabled'],
  ],
];

test.each(REQUESTS)('%s is answered alike after the same statements', async (_what, path, body, people) => {
  // Once for each statement to be prepared.
  for (const person of people) await costOf(path, { ...body, email: await addressOf(person) });
  const costs = [];
  for (const person of people) costs.push(await costOf(path, { ...body, email: await addressOf(person) }));
  for (const [index, cost] of costs.entries()) expect(cost, people[index]).toEqual(costs[0]);
});

test.each(REQUESTS.slice(0, 5))(
  'a second request for %s within a minute is refused alike',
  async (_what, path, body, people) => {
    const second: unknown[] = [];
    for (const person of people) {
      const email = await addressOf(person);
      await costOf(path, { ...body, email });
      const { answer: _, ...cost } = await costOf(path, { ...body, email });
      second.push(cost);
    }
    for (const [index, cost] of second.entries()) expect(cost, people[index]).toEqual(second[0]);
  },
);

const VERIFIED = ['known', 'disabled'];

async function numberOf(person: Person): Promise<string> {
  const number = newNumber();
  if (person === 'unknown') return number;
  await signUpByPhone(first, number);
  if (VERIFIED.includes(person))
    await first.sql`update portcullis.phones set verified_at = now() where number = ${number}`;
  if (person === 'disabled')
    await first.sql`update portcullis.users set disabled_at = now()
      where id = (select user_id from portcullis.phones where number = ${number})`;
  return number;
}

const PHONE_REQUESTS: [string, string, object, Person[]][] = [
  ['a code', '/otp', {}, ['known', 'unverified']],
  ['a resend of a sign-up', '/resend', { type: 'sms' }, ['unverified', 'known', 'unknown', 'disabled']],
  [
    'a resend of a change of the number',
    '/resend',
    { type: 'phone_change' },
    ['known', 'unknown', 'disabled'],
  ],
  ['a guess', '/verify', { type: 'sms', token: '123456' }, ['known', 'unknown', 'disabled']],
];

test.each(PHONE_REQUESTS)(
  '%s by text message is answered alike after the same statements',
  async (_what, path, body, people) => {
    const ask = async (person: Person) => {
      const phone = await numberOf(person);
      await first.sql`delete from portcullis_private.rate_limits`;
      return costOf(path, { ...body, phone });
    };
    // Once for each statement to be prepared.
    for (const person of people) await ask(person);
    const costs = [];
    for (const person of people) costs.push(await ask(person));
    for (const [index, cost] of costs.entries()) expect(cost, people[index]).toEqual(costs[0]);
  },
);
