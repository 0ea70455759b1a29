import { GATEWAY_ROLE } from '../../../config/groups/roles.ts';
import { ConfigError, readVariables } from '../../../config/read-config.ts';
import { optionalVariable } from '../../variable.ts';
import { EngineError } from '../engine-http.ts';
import { HELP, OptionError, readOptions } from './options.ts';
import { InstallRefusal } from './refusal.ts';
import { runInstall } from './run.ts';

/**
 * Runs the command with its arguments and environment variables.
 * @returns what it prints
 * @throws OptionError, ConfigError, EngineError and InstallRefusal with a message for the operator
 */
export async function installCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const options = readOptions(args);
  if (options === null) return HELP;
  const adminSecret = optionalVariable('HASURA_GRAPHQL_ADMIN_SECRET', env);
  if (adminSecret === null) throw new OptionError('HASURA_GRAPHQL_ADMIN_SECRET is not set.');
  const { HASURA_ROLES: roles, HASURA_UNAUTHORIZED_ROLE: unauthorizedRole } = readVariables(env, [
    'HASURA_ROLES',
    'HASURA_UNAUTHORIZED_ROLE',
  ]);
  if (unauthorizedRole === GATEWAY_ROLE)
    throw new ConfigError([
      `HASURA_UNAUTHORIZED_ROLE: clients without a token would have the permissions of \`${GATEWAY_ROLE}\`, so give them another role`,
    ]);
  if (roles.includes(unauthorizedRole))
    throw new ConfigError(['HASURA_ROLES: no token may hold the role of HASURA_UNAUTHORIZED_ROLE']);
  const endpoint = options.endpoint ?? optionalVariable('HASURA_GRAPHQL_ENDPOINT', env) ?? DEFAULT_ENDPOINT;
  const engine = { endpoint: endpoint.trim(), adminSecret };
  return runInstall({ engine, options, gateway: { unauthorizedRole, roles }, env });
}

const DEFAULT_ENDPOINT = 'http://localhost:8080';

/** Whether an error has a message for the operator, which needs no stack. */
export const isForOperators = (error: unknown): error is Error =>
  error instanceof InstallRefusal || error instanceof EngineError || error instanceof OptionError;
