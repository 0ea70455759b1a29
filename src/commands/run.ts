import { ConfigError, EXIT_CONFIG } from '../config/read-config.ts';
import { describeError } from '../log.ts';

/**
 * Runs a command and prints its report. If it fails, prints why and ends with 1, or with 78 if the configuration is wrong.
 *
 * @param command gives what to print, line breaks included
 */
export async function runCommand(command: () => Promise<string>): Promise<void> {
  try {
    process.stdout.write(await command());
  } catch (error) {
    const misconfigured = error instanceof ConfigError;
    process.stderr.write(`${misconfigured ? error.message : JSON.stringify(describeError(error))}\n`);
    process.exitCode = misconfigured ? EXIT_CONFIG : 1;
  }
}
