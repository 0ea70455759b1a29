import { listEndedBans } from '../../users/bans.ts';
import type { Deps } from '../shared/deps.ts';
import { liftEndedBan } from '../shared/disabling.ts';

/** Lifts the bans that have ended, so that Hasura and lists show the accounts as enabled. */
export async function liftEndedBans(deps: Deps): Promise<void> {
  for (const userId of await listEndedBans(deps.db))
    await deps.db.transaction((tx) => liftEndedBan(tx, deps, { userId }));
}
