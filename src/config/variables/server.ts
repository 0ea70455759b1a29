import { z } from 'zod';
import { DatabaseUrlError, readDatabaseUrl } from '../database-url.ts';
import { flag, httpUrl, integer, list, text } from '../parsers.ts';
import { readTlsFiles } from '../tls-files.ts';

const keyEncryptionKey = z
  .base64('must be base64')
  .refine((value) => Buffer.from(value, 'base64').length === 32, 'must be 32 bytes in base64')
  .transform((value): Uint8Array => Buffer.from(value, 'base64'));

const secretList = list().pipe(
  z.array(z.string().min(32, 'must be at least 32 characters')).min(1).max(2, 'must be one secret or two'),
);

/** A URL of a database, which the drivers will be able to use. */
const databaseUrl = (variable: string) =>
  z.string().superRefine((url, context) => {
    try {
      readTlsFiles(readDatabaseUrl(url, variable));
    } catch (error) {
      if (!(error instanceof DatabaseUrlError)) throw error;
      context.addIssue({ code: 'custom', message: error.problem });
    }
  });

/** Where the gateway runs, and what it must be given. */
export const serverVariables = {
  NODE_ENV: z
    .enum(['production', 'development', 'test'])
    .optional()
    .meta({ description: '`production` refuses every development default.' }),
  PORT: integer(0, 65_535).prefault('4000').meta({ description: 'Port to listen on.' }),
  HOST: text().default('127.0.0.1').meta({ description: 'Address to listen on.' }),
  PUBLIC_URL: httpUrl()
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .meta({
      description:
        'Address at which clients reach the gateway, and the `iss` of tokens. Required in production.',
      shownDefault: 'http://HOST:PORT',
    }),
  DATA_DIR: text().default('.data').meta({
    description: 'Folder for the embedded Postgres and the development keys.',
  }),
  DATABASE_URL: databaseUrl('DATABASE_URL').optional().meta({
    description:
      'Postgres 14 or newer, UTF8. [Databases and poolers](#databases-and-poolers) says what the URL may hold. Required in production.',
    shownDefault: 'embedded Postgres',
    secret: true,
  }),
  DATABASE_DIRECT_URL: databaseUrl('DATABASE_DIRECT_URL').optional().meta({
    description:
      'The same database past a pooler in transaction mode: for migrations, commands and the mail worker.',
    shownDefault: 'DATABASE_URL',
    secret: true,
  }),
  DATABASE_PREPARE: flag().optional().meta({
    description:
      '`off` uses no named prepared statements in DATABASE_URL, for poolers in transaction mode that do not keep them.',
    shownDefault: 'on; off where DATABASE_URL has pgbouncer=true',
  }),
  DATABASE_POOL_SIZE: integer(2, 200).prefault('10').meta({
    description:
      'Connections per replica. One is reserved for what must not wait, like the JWKS. At least two others remain.',
  }),
  DATABASE_STATEMENT_TIMEOUT_MS: integer(100, 600_000).prefault('10000').meta({
    description: 'Milliseconds after which Postgres cancels a statement.',
  }),
  MIGRATE_ON_START: flag().prefault('on').meta({
    description: 'Applies missing migrations at start. Replicas take turns.',
  }),
  INTERNAL_ENDPOINTS_SECRET: secretList.optional().meta({
    description:
      'Secret shared with Hasura. It guards the internal endpoints, the actions and the session headers. At least 32 characters. During a rotation two, separated by a comma. Required in production.',
    shownDefault: 'made in DATA_DIR',
    secret: true,
  }),
  KEY_ENCRYPTION_KEYS: list()
    .pipe(z.array(keyEncryptionKey).min(1).max(2, 'must be one key or two'))
    .optional()
    .meta({
      description:
        'Keys that encrypt the private signing keys: 32 random bytes in base64. The first encrypts, all decrypt. Required in production.',
      shownDefault: 'made in DATA_DIR',
      secret: true,
    }),
};
