import { readFileSync } from 'node:fs';
import { applyHasuraLogin } from '../hasura/metadata/database-login.ts';

/** A variable, or the content of the file that `<name>_FILE` names. */
function variable(name: string): string {
  const file = process.env[`${name}_FILE`];
  const value = process.env[name] || (file ? readFileSync(file, 'utf8').trim() : '');
  if (value === '') throw new Error(`${name} is not set.`);
  return value;
}

try {
  const ownerUrl = variable('DATABASE_URL');
  const role = await applyHasuraLogin({ ownerUrl, hasuraUrl: variable('HASURA_SOURCE_DATABASE_URL') });
  process.stdout.write(`The database role ${role} can log in and has the grants that Hasura needs.\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
