import { parseArgs } from 'node:util';
import { prepareCommand } from '../database.ts';
import { variable } from '../variable.ts';
import { type AppliedLogin, applyHasuraLogin } from './metadata/database-login.ts';

const HELP = `npm run hasura:role -- [--schema <name>]

Makes Hasura's database role, or renews its password and grants.

  --schema <name>  also creates a schema for the tables of the application, which the role owns
  --help           prints this

DATABASE_URL, or DATABASE_DIRECT_URL if set: a login that owns the gateway's tables and may create roles.
HASURA_SOURCE_DATABASE_URL: the role to make, its password, the database. Each can be a file (…_FILE).
Exit codes: 0 done, 1 refused or failed, 2 wrong usage.
`;

function report({ role, guard, references, otherReads }: AppliedLogin): string {
  return [
    `The database role ${role} can log in and has the grants that Hasura needs.`,
    `Statements that can run code of the application run as ${guard}.`,
    references
      ? `${role} may reference portcullis.users (id) and portcullis.teams (id).`
      : `${role} may not reference users and teams: a superuser has to run hasura/database-casts.sql in this database first.`,
    ...(otherReads.length > 0 ? [`By other grants it may also read: ${otherReads.join(', ')}.`] : []),
    '',
  ].join('\n');
}

async function run(schema: string | undefined): Promise<string> {
  const hasuraUrl = variable('HASURA_SOURCE_DATABASE_URL');
  const { url: ownerUrl, ...database } = (await prepareCommand('portcullis-hasura-role')).database;
  return report(
    await applyHasuraLogin({ ownerUrl, hasuraUrl, database, ...(schema !== undefined && { schema }) }),
  );
}

function readOptions(): { schema?: string | undefined; help?: boolean | undefined } | null {
  try {
    return parseArgs({ options: { schema: { type: 'string' }, help: { type: 'boolean', short: 'h' } } })
      .values;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${HELP}`);
    process.exitCode = 2;
    return null;
  }
}

const options = readOptions();
try {
  if (options !== null) process.stdout.write(options.help === true ? HELP : await run(options.schema));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
