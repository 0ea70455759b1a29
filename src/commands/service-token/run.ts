import { runSubcommand, type Surroundings } from '../cli/run.ts';
import type { CommandLine } from '../cli/subcommand.ts';
import { create } from './create.ts';
import { list } from './list.ts';
import { revoke } from './revoke.ts';

const serviceToken: CommandLine = {
  call: 'npm run service-token --',
  applicationName: 'portcullis-service-token',
  subcommands: { create, list, revoke },
};

/** Runs `npm run service-token`. @returns the exit code */
export const runServiceTokenCommand = (
  args: readonly string[],
  surroundings?: Surroundings,
): Promise<number> => runSubcommand(serviceToken, args, surroundings);
