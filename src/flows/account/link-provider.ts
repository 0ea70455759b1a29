import { beginFlow } from '../../flow-states/flow-states.ts';
import { bindTicket, createRandomSecret } from '../../identities/attempt-secrets.ts';
import { ATTEMPT_SECONDS, createTicket } from '../../identities/provider-attempts.ts';
import { resolveRedirect } from '../../redirects/redirects.ts';
import { findAnonymity } from '../../users/account-details.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import {
  type Freshness,
  type FreshnessInput,
  requireRecentSignIn,
  requireStillFresh,
} from '../shared/freshness.ts';
import { requireMayLink } from '../shared/may-link.ts';
import { requireProvider } from '../shared/provider-identity.ts';

type LinkProviderInput = {
  provider: string;
  /** Where the person may return to, in the order of precedence. */
  redirects: readonly (string | null | undefined)[];
  /** The S256 challenge of PKCE; null if the person returns with the tokens. */
  codeChallenge: string | null;
  /** What shows that it is the person, if the sign-in is not fresh. Not asked for unless given: clients of GoTrue cannot send it. */
  proof?: FreshnessInput;
};

/**
 * Lets the signed-in person link an account at a provider. With PKCE the identity is linked when the client that began exchanges
 * its code. Without PKCE the ticket works on the device that asked for it, by its address and user agent. A thief with a stolen session
 * could link an account of their own and come back by it. So the person shows that it is them, unless they are anonymous.
 * @returns a ticket, with which one browser begins within five minutes
 * @throws AuthError `unknown_provider` (provider), `permission_denied` for a token that may not change the account,
 * `second_factor_required`, `rate_limited`, what requireRecentSignIn throws
 */
export async function linkProvider(
  deps: Deps,
  by: Viewer,
  { provider: name, redirects, codeChallenge, proof }: LinkProviderInput,
): Promise<string> {
  const provider = requireProvider(deps, name);
  const sessionId = await requireMayLink(deps, by);
  const freshness = proof === undefined ? null : await requireOwner(deps, by, proof);
  const ticket = createRandomSecret();
  const redirectTo = resolveRedirect(deps.config, redirects);
  await deps.db.transaction(async (tx) => {
    if (freshness !== null) await requireStillFresh(tx, by, freshness);
    const flowStateId = await beginFlow(tx, { redirectTo, codeChallenge, ttlSeconds: 2 * ATTEMPT_SECONDS });
    const bound = codeChallenge === null ? bindTicket(ticket, by.device) : ticket;
    await createTicket(tx, { flowStateId, provider: provider.name, ticket: bound, sessionId });
  });
  return ticket;
}

/** An anonymous person has nothing but their session to show. */
const requireOwner = async (deps: Deps, by: Viewer, proof: FreshnessInput): Promise<Freshness | null> =>
  (await findAnonymity(deps.db, by.user)) ? null : requireRecentSignIn(deps, by, proof);
