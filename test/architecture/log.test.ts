import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { createLog } from '../../src/log.ts';
import { createEmptyDatabase } from '../support/database.ts';

function startLog() {
  const lines: string[] = [];
  return { log: createLog('debug', { write: (line) => void lines.push(line) }), text: () => lines.join('') };
}

test('the log shows a failed query with its code and file, but without its values', async () => {
  const database = await createEmptyDatabase();
  const { db, close } = openDatabase({ url: database.url, poolSize: 1, statementTimeoutMs: 5000 });
  await db.execute(sql`create table public.secrets (id int primary key, word text)`);
  const { log, text } = startLog();
  for (const query of [
    sql`insert into public.secrets values (1, ${'hunter2'}), (1, ${'hunter2'})`,
    sql`select ${'hunter2'}::uuid`,
    sql`select ${'hunter2'} from nowhere`,
  ]) {
    const error: unknown = await db.execute(query).catch((failure: unknown) => failure);
    log.error({ err: error }, 'A query failed.');
  }
  expect(text()).not.toContain('hunter2');
  expect(text()).toContain('secrets_pkey');
  expect(text()).toContain('42P01');
  expect(text()).toContain('log.test.ts');
  await close();
  await database.drop();
});

test('the log redacts values under the name of a secret', () => {
  const { log, text } = startLog();
  const secret = 'hunter2';
  log.info(
    { password: secret, input: { email: secret }, request: { headers: { authorization: secret } } },
    'x',
  );
  log.info(
    { headers: { 'x-hasura-gateway-secret': secret, cookie: secret }, body: { refreshToken: secret } },
    'x',
  );
  expect(text()).not.toContain(secret);
  expect(text()).toContain('[redacted]');
});
