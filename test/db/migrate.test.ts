import { access } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { applyMigrations, isMigrated, readJournal } from '../../src/migrations/migrate.ts';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createEmptyDatabase();
});

afterEach(() => database.drop());

async function migrated(url: string): Promise<boolean> {
  const { db, close } = openDatabase({ url, poolSize: 1, statementTimeoutMs: 5000 });
  try {
    return await isMigrated(db);
  } finally {
    await close();
  }
}

test.each([2, 10])('%i replicas that migrate an empty database at once all succeed', async (replicas) => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: replicas }, () => applyMigrations(database.url)),
  );
  expect(outcomes).toEqual(
    Array.from({ length: replicas }, () => ({ status: 'fulfilled', value: undefined })),
  );
  expect(await migrated(database.url)).toBe(true);
});

test('isMigrated is false for an empty database and true after the migrations', async () => {
  expect(await migrated(database.url)).toBe(false);
  await applyMigrations(database.url);
  expect(await migrated(database.url)).toBe(true);
});

test('test databases are migrated, also when six are created at once', async () => {
  const copies = await Promise.all(Array.from({ length: 6 }, () => createTestDatabase()));
  const states = await Promise.all(copies.map(({ url }) => migrated(url)));
  await Promise.all(copies.map((copy) => copy.drop()));
  expect(states).toEqual(copies.map(() => true));
});

// Drizzle applies only entries newer than the newest applied entry, and silently skips others.
test('the journal of migrations is in order, and each entry has its file', async () => {
  const { entries } = await readJournal();
  expect(entries.map(({ idx }) => idx)).toEqual(entries.map((_, position) => position));
  const times = entries.map(({ when }) => when);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  for (const { tag } of entries) await access(new URL(`../../drizzle/${tag}.sql`, import.meta.url));
});
