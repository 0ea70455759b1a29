import { runUsersCommand } from './users/run.ts';

/** An alias from before `npm run users -- clashes`. */
process.exitCode = await runUsersCommand(['clashes', ...process.argv.slice(2)]);
