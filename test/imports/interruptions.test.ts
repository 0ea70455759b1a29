import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { v5 as uuidv5 } from 'uuid';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { runImport, writeExport } from './exports.ts';

const ROWS = 8000;
const HASH = `$2b$10$${'abcdefghij'.repeat(5)}abc`;

/** A file of rows, as long lines as real exports have. */
const userLines = (count: number): string =>
  Array.from({ length: count }, (_, n) =>
    JSON.stringify({
      ...{
        id: uuidv5(`person ${n}`, '5f1c5c40-6b0c-4f0e-9d0b-3e1f0a6d2c11'),
        email: `person${n}@example.com`,
      },
      ...{ display_name: `Person ${n}`, password_hash: HASH, email_verified: true, disabled: false },
      ...{
        created_at: '2022-05-06T07:08:09+00:00',
        default_role: 'user',
        metadata: { note: 'x'.repeat(300) },
      },
    }),
  ).join('\n');

let gateway: TestGateway;
let folder: string;
beforeAll(async () => {
  gateway = await startGateway();
  folder = await writeExport([]);
  await writeFile(join(folder, 'few.jsonl'), userLines(500));
  await writeFile(join(folder, 'many.jsonl'), userLines(ROWS));
});
afterAll(() => gateway.close());

const importedSoFar = async (): Promise<number> => {
  const [found] = await gateway.sql`select count(*)::int as n from portcullis.users`;
  return found?.n ?? 0;
};

/** Runs an import, and watches the largest memory of its process, in MiB. */
async function peakMemory(file: string): Promise<number> {
  const child = spawn(
    'node',
    [
      '--import',
      'tsx',
      'src/commands/users.ts',
      'import',
      join(folder, file),
      '--from',
      'hasura-auth',
      '--dry-run',
    ],
    {
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...gateway.environment },
      stdio: 'ignore',
    },
  );
  let peak = 0;
  const ended = once(child, 'close');
  while (child.exitCode === null) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
    peak = Math.max(peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
    await sleep(50);
  }
  await ended;
  return peak;
}

test.runIf(process.platform === 'linux')('the memory of an import does not grow with its file', async () => {
  const [few, many] = [await peakMemory('few.jsonl'), await peakMemory('many.jsonl')];
  expect(few).toBeGreaterThan(50);
  expect(many - few).toBeLessThan(80);
});

test('an import that was killed goes on where it was, and imports each person once', async () => {
  const child = spawn(
    'node',
    [
      '--import',
      'tsx',
      'src/commands/users.ts',
      'import',
      join(folder, 'many.jsonl'),
      '--from',
      'hasura-auth',
    ],
    {
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...gateway.environment },
      stdio: 'ignore',
    },
  );
  const ended = once(child, 'close');
  await expect.poll(importedSoFar, { timeout: 60_000, interval: 20 }).toBeGreaterThan(0);
  child.kill('SIGKILL');
  await ended;
  const half = await importedSoFar();
  expect(half % 500).toBe(0);
  expect(half).toBeLessThan(ROWS);

  const { summary, code } = await runImport(gateway, [join(folder, 'many.jsonl'), '--from', 'hasura-auth']);
  expect(code).toBe(0);
  expect(summary).toMatchObject({ rows: ROWS, imported: ROWS - half, unchanged: half, refused: 0 });
  expect(await importedSoFar()).toBe(ROWS);
  const [stored] = await gateway.sql`
    select (select count(*)::int from portcullis_private.passwords) as passwords,
      (select count(*)::int from portcullis_private.imported) as remembered`;
  expect(stored).toEqual({ passwords: ROWS, remembered: ROWS });
});
