import { z } from 'zod';
import { DatabaseUrlError, readDatabaseUrl } from '../database-url.ts';
import { flag, integer } from '../parsers.ts';
import { readTlsFiles } from '../tls-files.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** A URL of a database, which the drivers will be able to use. */
const databaseUrl = (name: string) =>
  z.string().superRefine((url, context) => {
    try {
      readTlsFiles(readDatabaseUrl(url, name));
    } catch (error) {
      if (!(error instanceof DatabaseUrlError)) throw error;
      context.addIssue({ code: 'custom', message: error.problem });
    }
  });

/** How the gateway reaches Postgres. */
export const databaseVariables = {
  DATABASE_URL: variable({
    parser: databaseUrl('DATABASE_URL'),
    description: 'Postgres 14 or newer, UTF8. “Databases and poolers” says what it may hold.',
    shownDefault: 'embedded Postgres',
    secret: true,
    requiredInProduction: true,
  }),
  DATABASE_DIRECT_URL: variable({
    parser: databaseUrl('DATABASE_DIRECT_URL'),
    description:
      'The same database past a pooler in transaction mode: for migrations, commands and the mail worker.',
    shownDefault: 'DATABASE_URL',
    secret: true,
    needs: 'DATABASE_URL',
  }),
  DATABASE_PREPARE: variable({
    parser: flag(),
    description:
      '`off` names no prepared statements in DATABASE_URL, for poolers in transaction mode that do not keep them.',
    shownDefault: 'on; off where DATABASE_URL has pgbouncer=true',
  }),
  DATABASE_POOL_SIZE: variable({
    parser: integer(2, 200),
    default: '10',
    description:
      'Connections per replica. One is kept for what must not wait, such as the JWKS; at least two others remain.',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: variable({
    parser: integer(100, 600_000),
    default: '10000',
    description: 'Milliseconds after which Postgres cancels a statement.',
  }),
  MIGRATE_ON_START: variable({
    parser: flag(),
    default: 'on',
    description: 'Apply missing migrations at start. Replicas take turns.',
  }),
};

export const databaseConfig = (e: Environment) => ({
  database: {
    url: e.DATABASE_URL ?? null,
    /** Past a pooler; null: the same. */
    directUrl: e.DATABASE_DIRECT_URL ?? null,
    /** Whether statements may be prepared under a name; null: as the URL says. */
    prepare: e.DATABASE_PREPARE ?? null,
    poolSize: e.DATABASE_POOL_SIZE,
    statementTimeoutMs: e.DATABASE_STATEMENT_TIMEOUT_MS,
    migrateOnStart: e.MIGRATE_ON_START,
  },
});
