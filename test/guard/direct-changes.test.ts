import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../src', import.meta.url));

/**
 * Statements that delete or update users or teams, in Drizzle or in SQL.
 */
const DIRECT = [
  /\.(?:update|delete)\(\s*(?:users|teams)\s*\)/g,
  /\b(?:update|delete\s+from|truncate)\s+(?:only\s+)?(?:\$\{(?:users|teams)\}|"?portcullis"?\."?(?:users|teams)\b)/gi,
];

const found = (text: string): string[] => DIRECT.flatMap((pattern) => text.match(pattern) ?? []);

test('no statement of the source deletes or updates users or teams without the guard', async () => {
  const files = (await readdir(source, { recursive: true })).filter((file) => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(300);
  const direct: string[] = [];
  for (const file of files)
    for (const statement of found(await readFile(join(source, file), 'utf8')))
      direct.push(`${file}: ${statement}`);
  expect(direct.sort()).toEqual([
    // What an operator runs with psql. References are to ids only, so an update of an address runs no code of the application.
    'commands/users/clashes.ts: update portcullis.users',
    'migrations/canonical-emails.ts: update portcullis.users',
    'migrations/canonical-emails.ts: update portcullis.users',
  ]);
});

test.each([
  'tx.delete(users).where(eq(users.id, id))',
  'tx\n.update( teams )',
  `sql\`delete from \${users} where id = 1\``,
  'sql`update portcullis.teams set name = 1`',
  'sql`DELETE FROM "portcullis"."users"`',
])('the search finds %j', (statement) => {
  expect(found(statement)).toHaveLength(1);
});
