import type { Transaction } from '../../db/client.ts';
import type { Opener } from '../../sessions/opening.ts';
import type { User } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from './complete-sign-in.ts';
import type { Deps } from './deps.ts';
import { openSessionFor } from './open-session.ts';

type NewUser = {
  /** What opens the first session. */
  by: Opener;
  /** Creates the account, in the transaction that opens the session. */
  enrol(tx: Transaction): Promise<User>;
};

/**
 * Creates an account and its first session, and signs the tokens.
 * @throws AuthError `no_signing_key`, `claims_failed`, and what `enrol` throws
 */
export async function signInNewUser(
  deps: Deps,
  by: Caller,
  { ttlSeconds = deps.config.tokens.accessTtlSeconds, kind, form }: TokenOptions,
  { by: opener, enrol }: NewUser,
): Promise<SignedIn> {
  const key = await deps.signer.currentKey(ttlSeconds);
  const opened = await deps.db.transaction(async (tx) =>
    openSessionFor(tx, deps, by, { user: await enrol(tx), action: 'signup', by: opener }),
  );
  return completeSignIn(deps, { ...opened, key, ttlSeconds, kind, form });
}
