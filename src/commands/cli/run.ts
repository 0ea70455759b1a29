import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { ConfigError, EXIT_CONFIG } from '../../config/read-config.ts';
import { AuthError } from '../../errors.ts';
import { describeError } from '../../log.ts';
import { type CommandContext, type OpenContext, openContext } from './context.ts';
import { helpOf, optionsOf, overview } from './help.ts';
import {
  type Arguments,
  type CommandLine,
  type Print,
  type Report,
  type Subcommand,
  UsageError,
} from './subcommand.ts';

const EXIT_USAGE = 2;

/** Where a run prints, and how it opens the database. */
export type Surroundings = Readonly<{
  stdout: { write(text: string): unknown };
  stderr: { write(text: string): unknown };
  open: OpenContext;
}>;

type Tools = { open: OpenContext; print: Print };

/** Prints, and waits for a reader that is slower. */
const printer =
  (stdout: Surroundings['stdout']): Print =>
  async (text) => {
    if (stdout.write(text) === false) await once(process.stdout, 'drain');
  };

const ofProcess = ({ applicationName }: CommandLine): Surroundings => ({
  stdout: process.stdout,
  stderr: process.stderr,
  open: (options) => openContext(applicationName, options),
});

/**
 * Runs a command that has subcommands: prints the report of one, or why it failed.
 * @returns the exit code
 */
export async function runSubcommand(
  commandLine: CommandLine,
  args: readonly string[],
  { stdout, stderr, open }: Surroundings = ofProcess(commandLine),
): Promise<number> {
  const asJson = args.includes('--json', 1);
  try {
    const report = await dispatch(commandLine, args, { open, print: printer(stdout) });
    const { text, json, exitCode = 0 } = report;
    stdout.write(asJson && json !== undefined ? `${JSON.stringify(json, null, 2)}\n` : text);
    return exitCode;
  } catch (thrown) {
    const { exitCode, ...error } = failureOf(thrown);
    stderr.write(`${asJson ? JSON.stringify({ error }) : textOf(error)}\n`);
    return exitCode;
  }
}

async function dispatch(
  commandLine: CommandLine,
  [name = '', ...args]: readonly string[],
  tools: Tools,
): Promise<Report> {
  const { call, subcommands } = commandLine;
  if (['', 'help', '--help', '-h'].includes(name))
    return { text: overview(commandLine), json: undefined, exitCode: name === '' ? EXIT_USAGE : 0 };
  const subcommand = Object.hasOwn(subcommands, name) ? subcommands[name] : undefined;
  if (subcommand === undefined)
    throw new UsageError(`There is not a subcommand of this name.\n\n${overview(commandLine)}`);
  const given = parse(`${call} ${name}`, subcommand, args);
  if (given.values.help === true) return { text: helpOf(commandLine, name, subcommand), json: undefined };
  const [least, most] = subcommand.positionals;
  if (given.positionals.length < least || given.positionals.length > most)
    throw new UsageError(`Usage: ${call} ${name} ${subcommand.usage}`);
  return runOpening(subcommand, given, tools);
}

function parse(call: string, subcommand: Subcommand, args: readonly string[]): Arguments {
  const options = Object.fromEntries(
    Object.entries(optionsOf(subcommand)).map(([option, { type, multiple = false }]) => [
      option,
      { type, multiple },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${message}\n${call} --help lists the options.`);
  }
}

/** Runs a subcommand, and closes what it opened. */
async function runOpening(subcommand: Subcommand, given: Arguments, { open, print }: Tools): Promise<Report> {
  let context: CommandContext | undefined;
  try {
    const openOnce: OpenContext = async (options) => {
      context ??= await open(options);
      return context;
    };
    return await subcommand.run(given, openOnce, print);
  } finally {
    await context?.close();
  }
}

type Failure = { message: string; code: string; attribute?: string | null; exitCode: number };

/** The code and the attribute follow the message of an error that the gateway's catalogue has. */
function textOf({ message, code, attribute }: Omit<Failure, 'exitCode'>): string {
  if (attribute === undefined) return message;
  return `${message} (${[code, attribute].filter((part) => part !== null).join(', ')})`;
}

function failureOf(error: unknown): Failure {
  if (error instanceof UsageError) return { code: 'usage', message: error.message, exitCode: EXIT_USAGE };
  if (error instanceof ConfigError)
    return { code: 'configuration', message: error.message, exitCode: EXIT_CONFIG };
  if (error instanceof AuthError) {
    const { code, attribute, message } = error;
    return { code, attribute, message, exitCode: 1 };
  }
  return { code: 'internal_error', message: JSON.stringify(describeError(error)), exitCode: 1 };
}
