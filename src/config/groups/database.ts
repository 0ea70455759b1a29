import { z } from 'zod';
import { DatabaseUrlError, readDatabaseUrl } from '../database-url.ts';
import { flag, integer } from '../parsers.ts';
import { readTlsFiles } from '../tls-files.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** Parses a database URL that the drivers can use. */
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
    description:
      'URL of a Postgres 14 or newer, with a database in UTF8. [Databases and poolers](#databases-and-poolers) says what the URL may hold.',
    shownDefault: 'embedded Postgres',
    secret: true,
    requiredInProduction: true,
  }),
  DATABASE_DIRECT_URL: variable({
    parser: databaseUrl('DATABASE_DIRECT_URL'),
    description:
      'URL of the same database without the pooler, if DATABASE_URL leads to a pooler in transaction mode. Migrations, commands, mails and webhooks use it.',
    shownDefault: 'DATABASE_URL',
    secret: true,
    needs: 'DATABASE_URL',
  }),
  DATABASE_PREPARE: variable({
    parser: flag(),
    description:
      '`off` gives prepared statements no names, for a pooler in transaction mode that does not keep them.',
    shownDefault: 'on; off where DATABASE_URL has pgbouncer=true',
  }),
  DATABASE_POOL_SIZE: variable({
    parser: integer(2, 200),
    default: '10',
    description:
      'Connections per replica. One is kept for requests that must not wait, for example for the JWKS. At least two others remain.',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: variable({
    parser: integer(100, 600_000),
    default: '10000',
    description: 'Milliseconds after which Postgres cancels a statement.',
  }),
  MIGRATE_ON_START: variable({
    parser: flag(),
    default: 'on',
    description: '`on` applies missing migrations at start. Replicas take turns.',
  }),
};

export const databaseConfig = (e: Environment) => ({
  database: {
    url: e.DATABASE_URL ?? null,
    /** The URL without a pooler; null: the same URL. */
    directUrl: e.DATABASE_DIRECT_URL ?? null,
    /** Whether statements may be prepared under a name; null: as the URL says. */
    prepare: e.DATABASE_PREPARE ?? null,
    poolSize: e.DATABASE_POOL_SIZE,
    statementTimeoutMs: e.DATABASE_STATEMENT_TIMEOUT_MS,
    migrateOnStart: e.MIGRATE_ON_START,
  },
});
