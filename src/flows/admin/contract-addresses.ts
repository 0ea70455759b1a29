import { type ContractAddress, refreshContractAddresses } from '../../ens/contract-addresses.ts';
import type { Caller } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';

/**
 * Looks the ENS names up, and stores both addresses or neither. For the operator; idempotent.
 * @throws AuthError `ens_name_not_found`, `ens_unreachable`, `ens_not_configured`
 */
export const refreshAddresses = (deps: Deps, _by: Caller): Promise<ContractAddress[]> =>
  refreshContractAddresses(deps);
