import { ConfigError, readVariables } from '../../config/read-config.ts';
import { runCommand } from '../run.ts';
import { optionalVariable, variable } from '../variable.ts';
import { EngineError } from './engine-http.ts';
import { HELP, OptionError, readOptions } from './install/options.ts';
import { InstallRefusal } from './install/refusal.ts';
import { runInstall } from './install/run.ts';

async function install(): Promise<string> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) return HELP;
  const adminSecret = optionalVariable('HASURA_GRAPHQL_ADMIN_SECRET');
  if (adminSecret === null) throw new OptionError('HASURA_GRAPHQL_ADMIN_SECRET is not set.');
  const { HASURA_ROLES: roles, HASURA_UNAUTHORIZED_ROLE: unauthorizedRole } = readVariables(process.env, [
    'HASURA_ROLES',
    'HASURA_UNAUTHORIZED_ROLE',
  ]);
  if (roles.includes(unauthorizedRole))
    throw new ConfigError(['HASURA_ROLES: no token may hold the role of HASURA_UNAUTHORIZED_ROLE']);
  return runInstall({
    engine: {
      endpoint: (options.endpoint ?? variable('HASURA_GRAPHQL_ENDPOINT', 'http://localhost:8080')).trim(),
      adminSecret,
    },
    options,
    gateway: { unauthorizedRole, roles },
  });
}

/** Errors with a message for the operator, which needs no stack. */
const isForOperators = (error: unknown): error is Error =>
  error instanceof InstallRefusal || error instanceof EngineError || error instanceof OptionError;

await runCommand(async () => {
  try {
    return await install();
  } catch (error) {
    if (!isForOperators(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return '';
  }
});
