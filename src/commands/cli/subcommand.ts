import type { OpenContext } from './context.ts';

/** An option of a subcommand, as `--help` shows it. */
export type Option = Readonly<{
  type: 'string' | 'boolean';
  /** The placeholder of the value in `--help`: `<name>`. */
  value?: string;
  /** Whether the option may be given several times. */
  multiple?: true;
  description: string;
}>;

/** The arguments of one call. */
export type Arguments = Readonly<{
  positionals: readonly string[];
  values: Readonly<Record<string, unknown>>;
}>;

/** What a subcommand prints: the text for a person, or the JSON with `--json`. */
export type Report = Readonly<{ text: string; json: unknown; exitCode?: number }>;

/** Prints a part of a long report before the subcommand has ended. */
export type Print = (text: string) => Promise<void>;

/** A subcommand, for example of `npm run users`. */
export type Subcommand = Readonly<{
  /** One line for the list of subcommands. */
  summary: string;
  /** What follows the name: `<email> [options]`. */
  usage: string;
  /** Paragraphs for `--help`, after the summary. */
  details?: readonly string[];
  /** How many arguments without a name it takes: at least, at most. */
  positionals: readonly [least: number, most: number];
  options: Readonly<Record<string, Option>>;
  /** @throws UsageError, AuthError, ConfigError */
  run(given: Arguments, open: OpenContext, print: Print): Promise<Report>;
}>;

/** A command that has subcommands. */
export type CommandLine = Readonly<{
  /** How a person calls it: `npm run users --`. */
  call: string;
  /** The name by which Postgres lists its connections. */
  applicationName: string;
  /** In the order of `--help`. */
  subcommands: Readonly<Record<string, Subcommand>>;
}>;

/** A call that does not fit the usage. The command prints the message and ends with 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
/** The text of an option; undefined if it is not given. */
export const textOf = ({ values }: Arguments, name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
};

/** Whether a flag is given. */
export const isGiven = ({ values }: Arguments, name: string): boolean => values[name] === true;
