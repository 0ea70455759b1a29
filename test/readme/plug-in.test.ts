import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { createEmptyDatabase } from '../support/database.ts';
import { sectionOf } from './blocks.ts';

const run = promisify(execFile);

// The first step of README.md for a Hasura that already runs, in its order, on an empty database.

test('the first step of README makes the tables and a role that may read them', async () => {
  const section = await sectionOf('README.md', 'Three doors into Hasura');
  const [, step = ''] = /^1\. (.*?)^2\. /ms.exec(section) ?? [];
  const scripts = [...step.matchAll(/npm run ([\w:]+)/g)].map(([, script = '']) => script);
  const variables = [...step.matchAll(/([A-Z_]+)=/g)].map(([, name = '']) => name);

  const database = await createEmptyDatabase();
  const role = `hasura_${randomBytes(4).toString('hex')}`;
  const hasura = Object.assign(new URL(database.url), { username: role, password: 'of-hasura' });
  const urls = { DATABASE_URL: database.url, HASURA_SOURCE_DATABASE_URL: hasura.href };
  expect(new Set(variables)).toEqual(new Set(Object.keys(urls)));
  for (const script of scripts)
    await run('npm', ['run', '--silent', script], { env: { PATH: process.env.PATH, ...urls } });

  const login = postgres(hasura.href, { max: 1, onnotice: () => {} });
  expect(await login`select email from portcullis.users`).toEqual([]);
  await expect(login`select * from portcullis_private.passwords`).rejects.toThrow('permission denied');
  await login.end();
  const owner = postgres(database.url, { max: 1, onnotice: () => {} });
  await owner`drop owned by ${owner(role)} cascade`;
  await owner`drop role ${owner(role)}`;
  await owner.end();
  await database.drop();
});
