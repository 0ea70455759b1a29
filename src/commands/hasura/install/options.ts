import { parseArgs } from 'node:util';

export type InstallOptions = {
  dryRun: boolean;
  remove: boolean;
  /** The source that shall hold our tables; null keeps the installed one. */
  source: string | null;
  /** The namespace of our root fields; empty for none, null keeps the installed one. */
  namespace: string | null;
  /** The prefix of our types; empty for none, null keeps the installed one. */
  typePrefix: string | null;
  endpoint: string | null;
  /** The folder for the backup; null for the working directory. */
  backup: string | null;
};

export const HELP = `Adds Portcullis to a running Hasura engine, and changes nothing else there.

npm run hasura:install -- [options]        node dist/commands/hasura/install.js [options]

  --dry-run               says what would change, and sends nothing
  --remove                removes what Portcullis added
  --source <name>         tracks the gateway's tables in this source, which must use the gateway's database
                          (without it: a source of their own, portcullis, or the one that holds them now)
  --namespace <name>      puts the gateway's root fields under this field: { <name> { me { id } } }
                          tables of the own source, actions and cron triggers get the prefix <name>_
  --type-prefix <prefix>  starts the names of the gateway's types with this prefix
  --endpoint <url>        the engine's base URL (HASURA_GRAPHQL_ENDPOINT, http://localhost:8080)
  --backup <folder>       where the backup of the metadata goes (the working directory)
  --help                  prints this

HASURA_GRAPHQL_ADMIN_SECRET, or a file that HASURA_GRAPHQL_ADMIN_SECRET_FILE names, holds the admin secret.
An upgrade is the same command: without --source, --namespace and --type-prefix it keeps what is installed.
With an empty value, --namespace= and --type-prefix= take the namespace or the prefix away.
With the variables of the gateway (DATABASE_URL, KEY_ENCRYPTION_KEYS, PUBLIC_URL, …) the command also tests whether
the engine believes the gateway's tokens, and no others.
`;

/** Why the options cannot be used. The message may be shown. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

/** What GraphQL allows as a name, without the two underscores that it keeps for itself. */
const NAME = /^(?!__)[A-Za-z_][A-Za-z0-9_]{0,39}$/;

function requireName(option: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  if (value === '' || NAME.test(value)) return value;
  throw new OptionError(`${option} must be a name of GraphQL: at most 40 letters, digits and underscores.`);
}

function requireValue(option: string, value: string | undefined): string | null {
  if (value === undefined) return null;
  if (value.trim() !== '') return value;
  throw new OptionError(`${option} needs a value.`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      strict: true,
      options: {
        'dry-run': { type: 'boolean' },
        remove: { type: 'boolean' },
        source: { type: 'string' },
        namespace: { type: 'string' },
        'type-prefix': { type: 'string' },
        endpoint: { type: 'string' },
        backup: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new OptionError((error as Error).message);
  }
}

/** Reads the options of the command; null if it shall print its help. @throws OptionError naming the option */
export function readOptions(args: readonly string[]): InstallOptions | null {
  const values = parse(args);
  if (values.help === true) return null;
  const options: InstallOptions = {
    dryRun: values['dry-run'] === true,
    remove: values.remove === true,
    source: requireValue('--source', values.source),
    namespace: requireName('--namespace', values.namespace),
    typePrefix: requireName('--type-prefix', values['type-prefix']),
    endpoint: requireValue('--endpoint', values.endpoint),
    backup: requireValue('--backup', values.backup),
  };
  const placing = [options.source, options.namespace, options.typePrefix].some((value) => value !== null);
  if (options.remove && placing)
    throw new OptionError(
      '--remove finds what is installed: leave out --source, --namespace and --type-prefix.',
    );
  return options;
}
