import { variable } from '../variable.ts';
import { describeInconsistency, reloadMetadata } from './engine.ts';
import { reportFaults } from './engine-report.ts';

await reportFaults(async (engine) => {
  const adminSecret = variable('HASURA_GRAPHQL_ADMIN_SECRET');
  return (await reloadMetadata({ ...engine, adminSecret })).map(describeInconsistency);
}, 'Reloaded, and everything is consistent.');
