import {
  askGatewayThroughEngine,
  describeInconsistency,
  type EngineAccess,
  EngineError,
  readIllness,
  readInconsistencies,
} from './engine.ts';
import { reportFaults } from './engine-report.ts';

const reasonOf = (error: unknown): string[] => {
  if (error instanceof EngineError) return [error.message];
  throw error;
};

/** The health check is always there, the metadata API, which knows the reasons, only where it is switched on. */
async function findIllness(engine: EngineAccess): Promise<string[]> {
  const illness = await readIllness(engine);
  if (illness === null) return [];
  const inconsistent = await readInconsistencies(engine).then(
    (objects) => objects.map(describeInconsistency),
    reasonOf,
  );
  return [`The engine is not well: ${illness}`, ...inconsistent];
}

await reportFaults(
  async (engine) => [
    ...(await findIllness(engine)),
    ...(await askGatewayThroughEngine(engine).then(() => [], reasonOf)),
  ],
  'All is well: the metadata are consistent, and the gateway answers through the engine.',
);
