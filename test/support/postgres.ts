import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { type PostgresServer, startPostgresServer } from './postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A URL of the run's server, with rights to create databases. */
    postgresUrl: string;
  }
}

/** Every test database begins as a copy of this one, which has all migrations. */
const TEMPLATE = 'portcullis_template';

async function startServer(): Promise<PostgresServer> {
  const url = process.env.TEST_DATABASE_URL;
  return url ? { url, stop: () => withClient(url, dropTestDatabases) } : startPostgresServer();
}

async function withClient(url: string, use: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await use(sql);
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function dropTestDatabases(sql: postgres.Sql): Promise<void> {
  const left = await sql<{ datname: string }[]>`
    select datname from pg_database where datname = ${TEMPLATE} or datname like 'portcullis\\_test\\_%'`;
  for (const { datname } of left) await sql`drop database if exists ${sql(datname)} with (force)`;
}

/** One Postgres server per run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startServer();
  try {
    await withClient(server.url, async (sql) => {
      await dropTestDatabases(sql);
      await sql`create database ${sql(TEMPLATE)}`;
    });
    const template = new URL(server.url);
    template.pathname = TEMPLATE;
    await applyMigrations(template.href);
  } catch (error) {
    await server.stop();
    throw error;
  }
  project.provide('postgresUrl', server.url);
  return () => server.stop();
}
