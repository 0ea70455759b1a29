import { refreshAddresses } from '../../flows/admin/contract-addresses.ts';
import { operator } from '../../flows/shared/caller.ts';
import { keepHouse } from '../../flows/upkeep/housekeeping.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { requireGatewaySecret } from '../../request/hasura-secret.ts';
import type { Dialect } from '../dialect.ts';
import { endpoint } from '../endpoint.ts';
import { spellGatewayError } from '../errors.ts';

/** What Hasura's cron triggers call. Safe to repeat: Hasura retries a call that does not answer 2xx. */
export const cron: Dialect = {
  name: 'hasura-cron',
  spellError: spellGatewayError,
  guard: requireGatewaySecret,
  bodies: { nullIsMissing: false },
  docs: null,
  endpoints: (deps) =>
    Object.entries(jobs).map(([name, run]) =>
      endpoint({
        method: 'POST',
        path: `/hasura/cron/${name}`,
        docs: null,
        async handle(_call, c) {
          await run(deps);
          return c.json({ success: true });
        },
      }),
    ),
};

const jobs: Readonly<Record<string, (deps: GatewayDeps) => Promise<unknown>>> = {
  // Hasura's trigger is there in any case. Without RPC endpoints there is nothing to do, which is not a failure.
  'refresh-ens': async (deps) => deps.config.ens.rpcUrls.length > 0 && refreshAddresses(deps, operator),
  prune: keepHouse,
};
