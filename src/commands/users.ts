import { runUsersCommand } from './users/run.ts';

process.exitCode = await runUsersCommand(process.argv.slice(2));
