import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { startGateway } from '../support/gateway.ts';
import { type Member, verifiedPerson } from './people.ts';
import { bearer, send } from './wire.ts';

// A session may end while its request waits for the account, for example because its user activates a second factor.

const gateway = forFile(() => startGateway({ env: { MANUAL_LINKING: 'on' } }));

const isWaiting = async () => {
  const [row] = await gateway.sql`select count(*)::int as n from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
  return row?.n as number;
};

const enrolled = async (person: Member): Promise<string> => {
  const answer = await send(gateway, 'POST', '/factors', {
    headers: bearer(person.accessToken),
    body: { factor_type: 'totp' },
  });
  return (answer.body as { id: string }).id;
};

const linked = async ({ user }: Member): Promise<string> => {
  const [row] = await gateway.sql`insert into portcullis.identities (id, user_id, provider, subject)
    values (gen_random_uuid(), ${user.id}, 'github', ${user.id}) returning id`;
  return row?.id as string;
};

type Change = (person: Member) => Promise<[method: string, path: string, body?: object]>;

const CHANGES: Record<string, Change> = {
  'a new address': async () => ['PUT', '/user', { email: 'thief@example.com' }],
  metadata: async () => ['PUT', '/user', { data: { name: 'Mallory' } }],
  'the removal of an authenticator app': async (person) => ['DELETE', `/factors/${await enrolled(person)}`],
  'the end of a link': async (person) => ['DELETE', `/user/identities/${await linked(person)}`],
};

test.each(Object.entries(CHANGES))('%s is refused if its session ends just before', async (_name, change) => {
  const person = await verifiedPerson(gateway);
  const [method, path, body] = await change(person);
  const userId = person.user.id;
  const { answer } = await gateway.sql.begin(async (tx) => {
    await tx`select from portcullis.users where id = ${userId} for update`;
    const sent = send(gateway, method, path, { headers: bearer(person.accessToken), body });
    await expect.poll(isWaiting).toBeGreaterThan(0);
    await tx`update portcullis.sessions set revoked_at = now() where user_id = ${userId}`;
    return { answer: sent };
  });
  const { status } = await answer;
  expect(status).toBe(403);
});
