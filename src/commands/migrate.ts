import { createLog } from '../log.ts';
import { applyMigrations } from '../migrations/migrate.ts';
import { prepareCommand } from './database.ts';
import { runCommand } from './run.ts';

await runCommand(async () => {
  const { url, ...database } = (await prepareCommand('portcullis-migrate')).database;
  await applyMigrations(url, { ...database, log: createLog('warn') });
  return 'All migrations are applied.\n';
});
