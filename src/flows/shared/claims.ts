import type { ApplicationClaims } from '../../claims/claims.ts';
import type { ClaimsTransaction } from '../../claims/rows.ts';
import type { Deps } from './deps.ts';

const NONE: ApplicationClaims = {};

/**
 * Reads the claims of a user from the application's data, in the transaction of a sign-in, before anything is spent. Without
 * CLAIMS_SQL it does nothing.
 * @throws AuthError `claims_failed`
 */
export const findClaims = async (
  { claims }: Pick<Deps, 'claims'>,
  tx: ClaimsTransaction,
  userId: string,
): Promise<ApplicationClaims> => (claims === null ? NONE : claims.read(tx, userId));
