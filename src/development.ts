import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunnableConfig } from './app.ts';
import type { Config } from './config/config.ts';
import { ConfigError } from './config/read-config.ts';
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres/server.ts';
import type { Log } from './log.ts';

const INTERNAL_SECRET_FILE = 'internal-secret';
const KEY_ENCRYPTION_KEY_FILE = 'key-encryption-key';

/** A complete configuration, and what was created for it. */
export type Development = {
  config: RunnableConfig;
  /** The file with the secret that Hasura needs; null if the secret was configured. */
  internalSecretFile: string | null;
  /** Null if a database is configured. */
  embeddedPostgres: EmbeddedPostgres | null;
};

/**
 * Creates what the configuration lacks: an embedded Postgres, an internal secret and a key-encryption key, all in the data
 * folder. In production it creates none of them: readConfig has refused a configuration without them.
 */
export async function completeConfig(config: Config, log: Log): Promise<Development> {
  const { dataDir } = config;
  const internalSecretFile = config.internalSecrets.length > 0 ? null : join(dataDir, INTERNAL_SECRET_FILE);
  const internalSecrets =
    internalSecretFile === null ? config.internalSecrets : [await keptSecret(internalSecretFile)];
  const keyEncryptionKeys =
    config.keyEncryptionKeys.length > 0
      ? config.keyEncryptionKeys
      : [await keptKey(join(dataDir, KEY_ENCRYPTION_KEY_FILE))];
  const embedded = config.database.url === null ? await startEmbeddedPostgres({ dataDir, log }) : null;
  const url = config.database.url ?? embedded?.url ?? '';
  return {
    config: { ...config, internalSecrets, keyEncryptionKeys, database: { ...config.database, url } },
    internalSecretFile,
    embeddedPostgres: embedded,
  };
}

/** Reads a secret from a file that only its owner can read. If the file does not exist, creates it with 256 random bits. */
async function keptSecret(path: string, encoding: 'base64url' | 'base64' = 'base64url'): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      const secret = randomBytes(32).toString(encoding);
      await file.writeFile(`${secret}\n`);
      await file.sync();
      return secret;
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return (await readFile(path, 'utf8')).trim();
  }
}

async function keptKey(path: string): Promise<Uint8Array> {
  const key = Buffer.from(await keptSecret(path, 'base64'), 'base64');
  if (key.length !== 32) throw new ConfigError([`${path}: must hold 32 bytes in base64`]);
  return key;
}
