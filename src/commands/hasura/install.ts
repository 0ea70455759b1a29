import { runCommand } from '../run.ts';
import { installCommand, isForOperators } from './install/command.ts';

await runCommand(async () => {
  try {
    return await installCommand(process.argv.slice(2), process.env);
  } catch (error) {
    if (!isForOperators(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return '';
  }
});
