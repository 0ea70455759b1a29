import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { inject } from 'vitest';

export type TestDatabase = { url: string; drop(): Promise<void> };

/** Copies a small template in a quarter of the time. Postgres 14 always copies so, and does not know the option. */
export const FILE_COPY = 'strategy file_copy';

const OBJECT_IN_USE = '55006';

/** A database of the caller's own, with all migrations applied. */
export function createTestDatabase(): Promise<TestDatabase> {
  return createDatabase('portcullis_template');
}

/** A database of the caller's own, with nothing in it. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return createDatabase('template0');
}

async function createDatabase(template: string): Promise<TestDatabase> {
  const server = inject('postgresUrl');
  const name = `portcullis_test_${randomBytes(8).toString('hex')}`;
  await execute(server, `create database ${name} template ${template} ${FILE_COPY}`);
  const url = new URL(server);
  url.pathname = name;
  return {
    url: url.href,
    async drop() {
      await execute(server, `drop database if exists ${name} with (force)`);
      // `hasura:role` makes it. Roles belong to the server.
      await execute(server, `drop role if exists portcullis_guard_${name}`);
    },
  };
}

async function execute(server: string, statement: string): Promise<void> {
  const sql = postgres(server, { max: 1, onnotice: () => {} });
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        await sql.unsafe(statement);
        return;
      } catch (error) {
        // Another session, for example autovacuum, uses the template.
        if ((error as { code?: unknown }).code !== OBJECT_IN_USE || attempt === 100) throw error;
        await sleep(20 + Math.random() * 80);
      }
    }
  } finally {
    await sql.end({ timeout: 5 });
  }
}
