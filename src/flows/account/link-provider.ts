import { beginFlow } from '../../flow-states/flow-states.ts';
import { bindTicket, createTicketSecret } from '../../identities/attempt-secrets.ts';
import { ATTEMPT_SECONDS, createTicket } from '../../identities/provider-attempts.ts';
import { resolveRedirect } from '../../redirects/redirects.ts';
import type { Viewer } from '../shared/caller.ts';
import type { Deps } from '../shared/deps.ts';
import { requireMayLink } from '../shared/may-link.ts';
import { requireProvider } from '../shared/provider-identity.ts';

type LinkProviderInput = {
  provider: string;
  /** Where the person may return to, in the order of precedence. */
  redirects: readonly (string | null | undefined)[];
  /** The S256 challenge of PKCE; null if the person returns with the tokens. */
  codeChallenge: string | null;
};

/**
 * Lets the signed-in person link an account at a provider. With PKCE the identity is linked when the client that began exchanges
 * its code. Without PKCE the ticket works on the device that asked for it, by its address and user agent.
 * @returns a ticket, with which one browser begins within five minutes
 * @throws AuthError `unknown_provider` (provider), `permission_denied` for a token that may not change the account,
 * `second_factor_required`, `rate_limited`
 */
export async function linkProvider(
  deps: Deps,
  by: Viewer,
  { provider: name, redirects, codeChallenge }: LinkProviderInput,
): Promise<string> {
  const provider = requireProvider(deps, name);
  const sessionId = await requireMayLink(deps, by);
  const ticket = createTicketSecret();
  const redirectTo = resolveRedirect(deps.config, redirects);
  await deps.db.transaction(async (tx) => {
    const flowStateId = await beginFlow(tx, { redirectTo, codeChallenge, ttlSeconds: 2 * ATTEMPT_SECONDS });
    const bound = codeChallenge === null ? bindTicket(ticket, by.device) : ticket;
    await createTicket(tx, { flowStateId, provider: provider.name, ticket: bound, sessionId });
  });
  return ticket;
}
