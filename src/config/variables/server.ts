import { z } from 'zod';
import { DatabaseUrlError, readDatabaseUrl } from '../database-url.ts';
import { flag, httpUrl, integer, list, text } from '../parsers.ts';
import { readTlsFiles } from '../tls-files.ts';
import { variable } from '../variable.ts';

const keyEncryptionKey = z
  .base64('must be base64')
  .refine((value) => Buffer.from(value, 'base64').length === 32, 'must be 32 bytes in base64')
  .transform((value): Uint8Array => Buffer.from(value, 'base64'));

const secretList = list().pipe(
  z.array(z.string().min(32, 'must be at least 32 characters')).min(1).max(2, 'must be one secret or two'),
);

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

/** Where the gateway runs, and what it must be given. */
export const serverVariables = {
  NODE_ENV: variable({
    parser: z.enum(['production', 'development', 'test']),
    description: '`production` refuses every development default.',
  }),
  PORT: variable({ parser: integer(0, 65_535), default: '4000', description: 'Port to listen on.' }),
  HOST: variable({ parser: text(), default: '127.0.0.1', description: 'Address to listen on.' }),
  PUBLIC_URL: variable({
    parser: httpUrl().transform((url) => url.replace(/\/+$/, '')),
    description: 'Where clients reach the gateway; also the `iss` of tokens.',
    shownDefault: 'http://HOST:PORT',
    requiredInProduction: true,
  }),
  DATA_DIR: variable({
    parser: text(),
    default: '.data',
    description: 'Folder for the embedded Postgres and the development keys.',
  }),
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
  INTERNAL_ENDPOINTS_SECRET: variable({
    parser: secretList,
    description:
      'Shared with Hasura: guards the internal endpoints, the actions and the session headers. At least 32 characters; two, separated by a comma, while rotating.',
    shownDefault: 'made in DATA_DIR',
    secret: true,
    requiredInProduction: true,
  }),
  KEY_ENCRYPTION_KEYS: variable({
    parser: list().pipe(z.array(keyEncryptionKey).min(1).max(2, 'must be one key or two')),
    description:
      'Encrypts the private signing keys: 32 random bytes in base64. The first encrypts, all decrypt.',
    shownDefault: 'made in DATA_DIR',
    secret: true,
    requiredInProduction: true,
  }),
};
