import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import {
  type ExchangeRefusal,
  exchangeFlow,
  findIssuedFlow,
  type IssuedFlow,
} from '../../flow-states/flow-states.ts';
import type { ProviderTokens } from '../../providers/account.ts';
import { mailedToken } from '../../sessions/opening.ts';
import { lockUser } from '../../users/users.ts';
import { type Caller, firstMissing } from '../shared/caller.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import { callerCounter } from '../shared/counters.ts';
import type { Deps } from '../shared/deps.ts';
import { recordFailedSignIn } from '../shared/failed-sign-in.ts';
import { type OpenedFor, openSessionFor } from '../shared/open-session.ts';
import { settleProviderFlow } from '../shared/provider-outcome.ts';
import { requireEnabled } from '../shared/redeem-code.ts';

/** What a client gets for its code. A sign-in by a provider brings the provider's tokens, too. */
export type ExchangedCode = SignedIn & { providerTokens: ProviderTokens | null };

/** Why a code was not exchanged, for `details.reason` of the error. */
const refusals = {
  not_found: () => new AuthError('invalid_token', { attribute: 'code', details: { reason: 'not_found' } }),
  expired: () => new AuthError('invalid_token', { attribute: 'code', details: { reason: 'expired' } }),
  wrong_verifier: () => new AuthError('invalid_code_verifier', { attribute: 'codeVerifier' }),
} as const satisfies Record<ExchangeRefusal, () => AuthError>;

/**
 * Exchanges the code of a flow for tokens (PKCE, RFC 7636). The client shows the verifier of the challenge with which the flow began, so a
 * code that was stolen on the way is of no use. Of many exchanges at once one succeeds. A wrong verifier does not use the code up.
 *
 * @throws AuthError `required` (code, then codeVerifier), `rate_limited`, `invalid_token` (code; `details.reason` is `not_found` or
 * `expired`), `invalid_code_verifier` (codeVerifier), `account_disabled`, `no_signing_key`, `claims_failed`
 */
export async function exchangeCode(
  deps: Deps,
  by: Caller,
  input: TokenOptions & { code: string; codeVerifier: string },
): Promise<ExchangedCode> {
  const {
    code: authCode,
    codeVerifier,
    ttlSeconds = deps.config.tokens.accessTtlSeconds,
    kind,
    form,
  } = input;
  const missing = firstMissing({ code: authCode, codeVerifier });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  await deps.rateLimiter.consume([callerCounter(deps, by, 'codeGuess')]);
  const flow = await findIssuedFlow(deps.db, { authCode, codeVerifier });
  if (typeof flow === 'string') {
    await recordFailedSignIn(deps, by, { userId: null, code: 'invalid_token' });
    throw refusals[flow]();
  }
  await requireEnabled(deps, by, flow);
  // Before the code is used up: without a key to sign with, it must stay good.
  const key = await deps.signer.currentKey(ttlSeconds);
  const opened = await deps.db.transaction((tx) => open(tx, deps, by, flow));
  if (opened === null) throw refusals.not_found();
  const { providerTokens, ...session } = opened;
  return { ...(await completeSignIn(deps, { ...session, key, ttlSeconds, kind, form })), providerTokens };
}

async function open(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  flow: IssuedFlow,
): Promise<(OpenedFor & { providerTokens: ProviderTokens | null }) | null> {
  const { userId } = flow;
  const user = await lockUser(tx, userId);
  if (user === null || user.disabledAt !== null) return null;
  // Before the flow is used up, since what a provider brought is deleted with it.
  const settled = await settleProviderFlow(tx, deps, by, { flowStateId: flow.id, userId });
  if (!(await exchangeFlow(tx, flow))) return null;
  const method = settled?.method ?? { method: flow.method };
  const entry = { user, action: 'login', by: settled?.by ?? mailedToken, method } as const;
  const opened = await openSessionFor(tx, deps, by, { ...entry, knownDevice: settled === null });
  return { ...opened, providerTokens: settled?.tokens ?? null };
}
