import { runSubcommand, type Surroundings } from '../cli/run.ts';
import type { CommandLine } from '../cli/subcommand.ts';
import { subcommands } from './subcommands.ts';

const users: CommandLine = {
  call: 'npm run users --',
  applicationName: 'portcullis-users',
  subcommands,
};

/** Runs `npm run users`. @returns the exit code */
export const runUsersCommand = (args: readonly string[], surroundings?: Surroundings): Promise<number> =>
  runSubcommand(users, args, surroundings);
