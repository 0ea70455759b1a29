import { prepareCommand } from '../database.ts';
import { variable } from '../variable.ts';
import { applyHasuraLogin } from './metadata/database-login.ts';

try {
  const hasuraUrl = variable('HASURA_SOURCE_DATABASE_URL');
  const { url: ownerUrl, ...database } = (await prepareCommand('portcullis-hasura-role')).database;
  const role = await applyHasuraLogin({ ownerUrl, hasuraUrl, database });
  process.stdout.write(`The database role ${role} can log in and has the grants that Hasura needs.\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
