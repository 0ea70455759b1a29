import { createKeyEncryption } from '../crypto/key-encryption.ts';
import { openDatabase } from '../db/client.ts';
import { checkKeyEncryption, reencryptKeys } from '../keys/encryption-at-rest.ts';
import { COMMAND_TIMEOUT_MS, prepareCommand } from './database.ts';
import { runCommand } from './run.ts';

async function reencrypt(): Promise<number> {
  const applicationName = 'portcullis-reencrypt-keys';
  const { database, variables } = await prepareCommand(applicationName, ['KEY_ENCRYPTION_KEYS']);
  const keyEncryption = createKeyEncryption(variables.KEY_ENCRYPTION_KEYS);
  const { db, close } = openDatabase({
    ...database,
    poolSize: 1,
    statementTimeoutMs: COMMAND_TIMEOUT_MS,
    applicationName,
  });
  try {
    // Without this check, the command would succeed with a wrong key and do nothing.
    await checkKeyEncryption({ db, keyEncryption });
    return await reencryptKeys({ db, keyEncryption });
  } finally {
    await close();
  }
}

await runCommand(async () => `Keys re-encrypted under the first key: ${await reencrypt()}.\n`);
