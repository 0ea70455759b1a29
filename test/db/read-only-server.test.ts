import { afterAll, beforeAll, expect, test } from 'vitest';
import { newPerson, SIGNUP, startGateway, type TestGateway } from '../support/gateway.ts';
import { outcomeOf } from '../teams/people.ts';

// After a failover the gateway's connections may lead to the old primary, which refuses writes, while new connections lead to the
// new primary. In these tests every connection from before the failover is one to the old primary.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { LIMIT_SIGNUP_PER_ADDRESS: '10000/60' } });
  await gateway.sql.unsafe(`
    create table public.failover (at timestamptz);
    create function public.refuse_at_old_primary() returns trigger language plpgsql as $$
      begin
        perform from public.failover, pg_stat_activity where pid = pg_backend_pid() and backend_start < at;
        if found then
          raise exception using errcode = '25006', message = 'cannot execute in a read-only transaction';
        end if;
        return null;
      end $$`);
  const tables = await gateway.sql<{ name: string }[]>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname like 'portcullis%'`;
  for (const { name } of tables)
    await gateway.sql.unsafe(`create trigger refuse_at_old_primary before insert or update or delete on ${name}
      for each statement execute function public.refuse_at_old_primary()`);
});
afterAll(() => gateway.close());

const failOver = () => gateway.sql`insert into public.failover values (clock_timestamp())`;
const signUp = (person = newPerson()) => outcomeOf(gateway.graphql(SIGNUP, { input: person }));
const signUpAtOnce = (times: number) => Promise.all(Array.from({ length: times }, () => signUp()));
const readiness = async () => {
  const response = await fetch(`${gateway.url}/ready`);
  const { checks } = (await response.json()) as { checks: { name: string; reason?: string }[] };
  return [response.status, checks.find(({ name }) => name === 'database')?.reason];
};

test('the gateway leaves a server that became read-only, for requests and for mails', async () => {
  // Every connection of the pool is in use.
  expect(new Set(await signUpAtOnce(20))).toEqual(new Set(['done']));
  await failOver();
  const codes = new Set(await signUpAtOnce(20));
  expect(codes).toContain('unavailable');
  expect([...codes].filter((code) => !['done', 'unavailable'].includes(code))).toEqual([]);
  await expect.poll(async () => new Set(await signUpAtOnce(20))).toEqual(new Set(['done']));

  const late = newPerson();
  expect(await signUp(late)).toBe('done');
  const mails = () =>
    gateway.deps.mailInbox?.list().filter(({ to }) => JSON.stringify(to).includes(late.email));
  await expect.poll(mails).toHaveLength(1);
});

test('/ready answers 503 with the reason while the database is read-only', async () => {
  expect(await readiness()).toEqual([200, undefined]);
  await gateway.sql`update public.failover set at = 'infinity'`;
  await expect.poll(readiness).toEqual([503, 'The database is read-only.']);
  await gateway.sql`delete from public.failover`;
  await expect.poll(readiness).toEqual([200, undefined]);
});
