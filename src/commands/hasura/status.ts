import {
  askGatewayThroughEngine,
  describeInconsistency,
  readIllness,
  readInconsistencies,
} from './engine.ts';
import { type EngineAccess, EngineError } from './engine-http.ts';
import { reportFaults } from './engine-report.ts';

const reasonOf = (error: unknown): string[] => {
  if (error instanceof EngineError) return [error.message];
  throw error;
};

/**
 * Finds out what is wrong with the engine. The health check always works. The metadata API, which gives the reasons, may be
 * off.
 */
async function findIllness(engine: EngineAccess): Promise<string[]> {
  const illness = await readIllness(engine);
  if (illness === null) return [];
  const inconsistent = await readInconsistencies(engine).then(
    (objects) => objects.map(describeInconsistency),
    reasonOf,
  );
  return [`The engine is not healthy: ${illness}`, ...inconsistent];
}

await reportFaults(
  async (engine) => [
    ...(await findIllness(engine)),
    ...(await askGatewayThroughEngine(engine).then(() => [], reasonOf)),
  ],
  'The engine is healthy: the metadata is consistent, and the gateway answers through the engine.',
);
