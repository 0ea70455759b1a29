import { runServiceTokenCommand } from './service-token/run.ts';

process.exitCode = await runServiceTokenCommand(process.argv.slice(2));
