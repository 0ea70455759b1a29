import { describeInconsistency, reloadMetadata } from '../hasura/engine.ts';
import { reportFaults } from './engine-report.ts';

await reportFaults(
  async (engine) => (await reloadMetadata(engine)).map(describeInconsistency),
  'Reloaded, and everything is consistent.',
);
