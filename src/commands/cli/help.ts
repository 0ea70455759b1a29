import type { CommandLine, Option, Subcommand } from './subcommand.ts';

const EXIT_CODES = `Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 78 wrong configuration.`;

const columns = (rows: readonly (readonly [left: string, right: string])[]): string => {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join('\n');
};

/** The help of the whole command. */
export const overview = ({ call, subcommands }: CommandLine): string => `Usage: ${call} <subcommand> [options]

${columns(Object.entries(subcommands).map(([name, { summary }]) => [name, summary]))}

With --help a subcommand prints its options, and with --json it prints JSON.
The command reads the gateway's variables. Without DATABASE_URL it uses the embedded database of npm start.
${EXIT_CODES}
`;

const everywhere: Readonly<Record<string, Option>> = {
  json: { type: 'boolean', description: 'Prints JSON. An error is JSON too, on the standard error.' },
  help: { type: 'boolean', description: 'Prints this help.' },
};

const optionRow = ([name, { value = '<text>', type, description }]: [string, Option]) =>
  [type === 'string' ? `--${name} ${value}` : `--${name}`, description] as const;

/** All options of a subcommand. */
export const optionsOf = ({ options }: Subcommand): Readonly<Record<string, Option>> => ({
  ...options,
  ...everywhere,
});

/** The help of a subcommand. */
export const helpOf = ({ call }: CommandLine, name: string, subcommand: Subcommand): string =>
  [
    `Usage: ${call} ${name} ${subcommand.usage}`,
    [subcommand.summary, ...(subcommand.details ?? [])].join('\n'),
    columns(Object.entries(optionsOf(subcommand)).map(optionRow)),
    `${EXIT_CODES}\n`,
  ].join('\n\n');
