import { ConfigError, readVariables } from '../config.ts';
import { createKeyEncryption } from '../crypto/key-encryption.ts';
import { openDatabase } from '../db/client.ts';
import { checkKeyEncryption, reencryptKeys } from '../keys/jwks.ts';
import { describeError } from '../log.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;

async function reencrypt(): Promise<number> {
  const variables = readVariables(process.env, ['DATABASE_URL', 'KEY_ENCRYPTION_KEYS']);
  const keyEncryption = createKeyEncryption(variables.KEY_ENCRYPTION_KEYS);
  const { db, close } = openDatabase({
    url: variables.DATABASE_URL,
    poolSize: 1,
    statementTimeoutMs: 30_000,
    applicationName: 'portcullis-reencrypt-keys',
  });
  try {
    // Otherwise a wrong key would look like work already done.
    await checkKeyEncryption({ db, keyEncryption });
    return await reencryptKeys({ db, keyEncryption });
  } finally {
    await close();
  }
}

try {
  process.stdout.write(`Private keys encrypted anew under the first key: ${await reencrypt()}.\n`);
} catch (error) {
  const misconfigured = error instanceof ConfigError;
  process.stderr.write(`${misconfigured ? error.message : JSON.stringify(describeError(error))}\n`);
  process.exitCode = misconfigured ? EXIT_CONFIG : 1;
}
