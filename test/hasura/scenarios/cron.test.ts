import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { environmentFor } from '../../support/hasura/engine.ts';
import { configuredHeaders, fromEnvironment } from '../../support/hasura/remote-schema.ts';
import { postJson } from '../../support/hasura/wire.ts';

// The cron triggers of the shipped metadata, each called once as Hasura calls them. It does so by a clock of its own, which
// no test can move.

type Trigger = {
  name: string;
  webhook: string;
  headers: { name: string; value_from_env: string }[];
  retry_conf: { timeout_seconds: number };
};

let gateway: TestGateway;
let triggers: Trigger[];
beforeAll(async () => {
  gateway = await startGateway();
  triggers = parse(await readFile('hasura/metadata/cron_triggers.yaml', 'utf8'));
});
afterAll(() => gateway.close());

async function call({
  name,
  webhook,
  headers,
  retry_conf,
}: Trigger): Promise<{ status: number; text: string }> {
  const env = environmentFor({ gateway, databaseUrl: gateway.databaseUrl });
  const url = webhook.replace(/\{\{(\w+)\}\}/g, (_, variable: string) => fromEnvironment(env, variable));
  const body = { id: '1', name, scheduled_time: new Date().toISOString(), payload: {}, comment: null };
  const { status, text } = await postJson({
    ...{ url, headers: configuredHeaders(env, headers), body },
    timeoutSeconds: retry_conf.timeout_seconds,
  });
  return { status, text };
}

test('every trigger is let in and does its work, however often it is called', async () => {
  expect(triggers.map(({ name }) => name).sort()).toEqual(['prune', 'refresh_ens']);
  for (const trigger of [...triggers, ...triggers])
    expect(await call(trigger), trigger.name).toEqual({ status: 200, text: '{"success":true}' });
});

test('prune removes sessions that ended long ago', async () => {
  const prune = triggers.filter(({ name }) => name === 'prune');
  await gateway.sql`with person as (insert into portcullis.users (id, email) values (gen_random_uuid(), 'a@example.com')
    returning id) insert into portcullis.sessions (id, user_id, expires_at)
    select gen_random_uuid(), id, now() - interval '10 years' from person`;
  for (const trigger of prune) await call(trigger);
  const [left] = await gateway.sql`select count(*)::int as sessions from portcullis.sessions`;
  expect(left).toEqual({ sessions: 0 });
});
