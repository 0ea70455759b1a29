import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { fireCronTrigger, readCronTriggers } from '../../support/hasura/cron.ts';
import { environmentFor } from '../../support/hasura/engine.ts';
import type { CronTrigger } from '../../support/hasura/metadata-types.ts';
import { type Recorder, startRecorder } from '../../support/hasura/recorder.ts';

// The cron triggers of the shipped metadata, called as Hasura calls them. The test makes the calls, since a test cannot move
// Hasura's clock.

let gateway: TestGateway;
let recorder: Recorder;
let triggers: CronTrigger[];
beforeAll(async () => {
  gateway = await startGateway();
  recorder = await startRecorder(gateway.url, { withCron: true });
  triggers = await readCronTriggers();
});
afterAll(async () => {
  await recorder.close();
  await gateway.close();
});

async function fire(trigger: CronTrigger): Promise<{ status: number; text: string }> {
  const { secret, databaseUrl } = gateway;
  const env = environmentFor({ gateway: { url: recorder.url, secret }, databaseUrl });
  const { status, text } = await fireCronTrigger(trigger, env);
  return { status, text };
}
const DONE = { status: 200, text: '{"success":true}' };

test('each cron trigger answers 200 to Hasura’s event, also to a second call', async () => {
  expect(triggers.map(({ name }) => name).sort()).toEqual(['prune', 'refresh_ens']);
  for (const trigger of [...triggers, ...triggers]) expect(await fire(trigger), trigger.name).toEqual(DONE);
  expect(recorder.seen.map(({ body }) => body)).toEqual(
    [...triggers, ...triggers].map(({ name, payload, comment }) => ({
      id: expect.stringMatching(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      scheduled_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:00Z$/),
      ...{ name, payload, comment },
    })),
  );
  expect(new Set(recorder.seen.map(({ body }) => body.id)).size).toBe(4);
});

test('prune removes sessions that ended long ago', async () => {
  const prune = triggers.filter(({ name }) => name === 'prune');
  await gateway.sql`with person as (insert into portcullis.users (id, email) values (gen_random_uuid(), 'a@example.com')
    returning id) insert into portcullis.sessions (id, user_id, expires_at)
    select gen_random_uuid(), id, now() - interval '10 years' from person`;
  for (const trigger of prune) await fire(trigger);
  const [left] = await gateway.sql`select count(*)::int as sessions from portcullis.sessions`;
  expect(left).toEqual({ sessions: 0 });
});
