import { ConfigError, readVariables } from '../config.ts';
import { applyMigrations } from '../db/migrate.ts';
import { describeError } from '../log.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;

try {
  await applyMigrations(readVariables(process.env, ['DATABASE_URL']).DATABASE_URL);
  process.stdout.write('All migrations are applied.\n');
} catch (error) {
  const misconfigured = error instanceof ConfigError;
  process.stderr.write(`${misconfigured ? error.message : JSON.stringify(describeError(error))}\n`);
  process.exitCode = misconfigured ? EXIT_CONFIG : 1;
}
