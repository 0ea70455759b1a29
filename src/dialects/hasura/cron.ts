import { refreshContractAddresses } from '../../ens/contract-addresses.ts';
import { keepHouse } from '../../flows/admin/housekeeping.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { requireGatewaySecret } from '../../request/hasura-secret.ts';
import { createRoutes, portalErrorBody, type Routes, serve } from '../routes.ts';

/** What Hasura's cron triggers call. Safe to repeat: Hasura retries whatever does not answer 2xx. */
export function cronRoutes(deps: GatewayDeps): Routes {
  const routes = createRoutes(deps, portalErrorBody);
  const jobs: Record<string, () => Promise<unknown>> = {
    // Hasura's trigger is there in any case; without endpoints there is nothing to do, which is no failure.
    'refresh-ens': async () => deps.config.ens.rpcUrls.length > 0 && refreshContractAddresses(deps),
    prune: () => keepHouse(deps),
  };
  for (const [name, run] of Object.entries(jobs))
    serve(
      routes,
      'POST',
      `/hasura/cron/${name}`,
      async (c) => {
        await run();
        return c.json({ success: true });
      },
      { before: requireGatewaySecret(deps) },
    );
  return routes;
}
