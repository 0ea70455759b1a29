import { applyHasuraLogin } from '../hasura/metadata/database-login.ts';
import { variable } from './variable.ts';

try {
  const ownerUrl = variable('DATABASE_URL');
  const role = await applyHasuraLogin({ ownerUrl, hasuraUrl: variable('HASURA_SOURCE_DATABASE_URL') });
  process.stdout.write(`The database role ${role} can log in and has the grants that Hasura needs.\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
