import { reloadMetadata } from '../hasura/engine.ts';
import { reportFaults } from './engine-report.ts';

await reportFaults(async (engine) => {
  const inconsistent = await reloadMetadata(engine);
  return inconsistent.map(({ name, reason }) => `${name}: ${reason}`);
}, 'Reloaded, and everything is consistent.');
