import { readDatabaseUrl } from '../config/database-url.ts';
import { readVariables } from '../config/read-config.ts';
import type { Environment } from '../config/variables.ts';
import { type DatabaseAccess, inspectDatabase } from '../db/inspection.ts';

/** Milliseconds that one statement of a command may take. */
export const COMMAND_TIMEOUT_MS = 30_000;

type Variables<Name extends keyof Environment> = { [Key in Name]: NonNullable<Environment[Key]> };

/**
 * Prepares a command: inspects its database, and reads the other variables that it needs. If DATABASE_DIRECT_URL is set, the
 * command uses that address, to bypass a pooler.
 * @throws ConfigError naming what is missing or wrong; the driver's error if the database cannot be reached
 */
export async function prepareCommand<Name extends keyof Environment = never>(
  applicationName: string,
  required: readonly Name[] = [],
  env = process.env,
): Promise<{ database: DatabaseAccess; variables: Variables<Name> }> {
  const isDirect = Boolean(env.DATABASE_DIRECT_URL || env.DATABASE_DIRECT_URL_FILE);
  const variable = isDirect ? 'DATABASE_DIRECT_URL' : 'DATABASE_URL';
  const variables = readVariables(env, [variable, ...required], ['DATABASE_PREPARE']);
  const url: string = variables[variable];
  const database = await inspectDatabase(
    {
      url,
      variable,
      prepare: isDirect || (variables.DATABASE_PREPARE ?? !readDatabaseUrl(url, variable).behindPgBouncer),
    },
    { statementTimeoutMs: COMMAND_TIMEOUT_MS, applicationName },
  );
  return { database, variables };
}
