import { ConfigError } from '../config/read-config.ts';
import { createLog, describeError } from '../log.ts';
import { applyMigrations } from '../migrations/migrate.ts';
import { prepareCommand } from './database.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;

try {
  const { url, ...database } = (await prepareCommand('portcullis-migrate')).database;
  await applyMigrations(url, { ...database, log: createLog('warn') });
  process.stdout.write('All migrations are applied.\n');
} catch (error) {
  const misconfigured = error instanceof ConfigError;
  process.stderr.write(`${misconfigured ? error.message : JSON.stringify(describeError(error))}\n`);
  process.exitCode = misconfigured ? EXIT_CONFIG : 1;
}
