import { optionalVariable, variable } from '../variable.ts';
import type { EngineAccess } from './engine-http.ts';

/** Reads how to reach the engine from the variables that Hasura's own CLI reads. */
const readEngineAccess = (): EngineAccess => ({
  endpoint: variable('HASURA_GRAPHQL_ENDPOINT', 'http://localhost:8080').trim(),
  adminSecret: optionalVariable('HASURA_GRAPHQL_ADMIN_SECRET'),
});

/** Prints the faults of the engine, one on each line, and sets exit code 1. Without faults it prints `successMessage`. */
export async function reportFaults(
  findFaults: (engine: EngineAccess) => Promise<string[]>,
  successMessage: string,
): Promise<void> {
  const faults = await Promise.resolve()
    .then(() => findFaults(readEngineAccess()))
    .catch((error: Error) => [error.message]);
  process.stdout.write(`${faults.length === 0 ? successMessage : faults.join('\n')}\n`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
