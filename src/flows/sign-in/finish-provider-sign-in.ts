import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { issueAuthCode } from '../../flow-states/flow-states.ts';
import { attemptSecrets, isState } from '../../identities/attempt-secrets.ts';
import type { ProviderIdentity } from '../../identities/identities.ts';
import { type ClaimedAttempt, claimAttempt, keepOutcome } from '../../identities/provider-attempts.ts';
import type { ProviderTokens } from '../../providers/account.ts';
import { type Admitted, admitProviderAccount } from '../shared/admit-provider-account.ts';
import type { Caller } from '../shared/caller.ts';
import { completeSignIn, type SignedIn } from '../shared/complete-sign-in.ts';
import { callerCounter } from '../shared/counters.ts';
import type { Deps } from '../shared/deps.ts';
import { linkToSession } from '../shared/link-to-session.ts';
import { openSessionFor } from '../shared/open-session.ts';
import { askProvider, identityOf, requireProvider } from '../shared/provider-identity.ts';
import { PROVIDER_METHOD, packOutcome } from '../shared/provider-outcome.ts';
import { callbackUrl } from '../shared/provider-url.ts';
import { refuseUnverified } from '../shared/unverified-address.ts';

export type ProviderAnswer = {
  /** The parameters of the query or the form: `state`, `code`, `error`, … */
  parameters: Readonly<Record<string, string>>;
  /** The secret in the cookie of the browser; null if it has none. */
  browser: string | null;
};

/** Why an answer has no place to return to: its state is not one of this browser. */
export type StateFault = 'missing' | 'malformed' | 'unknown' | 'used';

/** What becomes of a browser that comes back from a provider. */
export type ProviderReturn =
  | { kind: 'stateless'; fault: StateFault }
  | { kind: 'declined'; redirectTo: string; error: string; description: string }
  | { kind: 'no_code'; redirectTo: string }
  | { kind: 'failed'; redirectTo: string; provider: string; error: AuthError }
  | { kind: 'code'; redirectTo: string; authCode: string }
  | { kind: 'tokens'; redirectTo: string; signedIn: SignedIn; providerTokens: ProviderTokens };

/**
 * Finishes a sign-in at a provider. The state is used up before anything is asked, and only the browser that began can use it. With
 * PKCE the person returns with a code, otherwise with the tokens of a session.
 *
 * Errors that belong to the person are in the result, since the browser returns to the application with them.
 * @throws AuthError `rate_limited`
 */
export async function finishProviderSignIn(
  deps: Deps,
  by: Caller,
  { parameters, browser }: ProviderAnswer,
): Promise<ProviderReturn> {
  await deps.rateLimiter.consume([callerCounter(deps, by, 'provider')]);
  const { state = '', code = '', error = '', error_description: description = '' } = parameters;
  if (state === '') return { kind: 'stateless', fault: 'missing' };
  if (!isState(state)) return { kind: 'stateless', fault: 'malformed' };
  const attempt = browser === null ? 'unknown' : await claimAttempt(deps.db, { state, browser });
  if (typeof attempt === 'string' || browser === null)
    return { kind: 'stateless', fault: attempt === 'used' ? 'used' : 'unknown' };
  const { redirectTo, provider } = attempt;
  if (error !== '') return { kind: 'declined', redirectTo, error, description };
  if (code === '') return { kind: 'no_code', redirectTo };
  try {
    return await finish(deps, by, { attempt, answer: { parameters, browser, state } });
  } catch (thrown) {
    if (!(thrown instanceof AuthError)) throw thrown;
    return { kind: 'failed', redirectTo, provider, error: thrown };
  }
}

type Finish = {
  attempt: ClaimedAttempt;
  answer: { parameters: Readonly<Record<string, string>>; browser: string; state: string };
};

async function finish(deps: Deps, by: Caller, { attempt, answer }: Finish): Promise<ProviderReturn> {
  const { redirectTo, hasChallenge } = attempt;
  const provider = requireProvider(deps, attempt.provider);
  const redirectUri = callbackUrl(deps.config);
  const response = { redirectUri, ...answer, ...attemptSecrets(answer) };
  const { account, tokens } = await askProvider(deps, provider, () => provider.redeem(response));
  const identity = identityOf(provider, account);
  if (hasChallenge) {
    const authCode = await issueCode(deps, by, { attempt, identity, tokens });
    return { kind: 'code', redirectTo, authCode };
  }
  const signedIn = await signIn(deps, by, { attempt, identity });
  return { kind: 'tokens', redirectTo, signedIn, providerTokens: tokens };
}

type Known = { attempt: ClaimedAttempt; identity: ProviderIdentity };

/** Issues the code that the client exchanges. The provider's tokens wait for it, encrypted. */
async function issueCode(
  deps: Deps,
  by: Caller,
  { attempt, identity, tokens }: Known & { tokens: ProviderTokens },
): Promise<string> {
  const { id, flowStateId: flowId, linkingSessionId: sessionId, invitedUserId } = attempt;
  const linked = sessionId === null ? null : identity;
  const issue = async (tx: Transaction, { user, proven }: Pick<Admitted, 'user' | 'proven'>) => {
    await keepOutcome(tx, id, await packOutcome(deps, { tokens, identity: linked, proven }));
    const code = await issueAuthCode(tx, { flowId, userId: user.id, method: PROVIDER_METHOD });
    if (code === null) throw new Error('The flow of a used state has issued a code before.');
    return code;
  };
  // The exchange of the code links: see settleProviderFlow.
  if (sessionId !== null)
    return linkToSession(deps, by, { sessionId, identity: null, byClient: false }, issue);
  const issued = await admitProviderAccount(deps, by, { identity, invitedUserId }, issue);
  return issued === 'unverified'
    ? refuseUnverified(deps, by, { identity, redirectTo: attempt.redirectTo })
    : issued;
}

/** Opens a session at once, for a client without PKCE. */
async function signIn(deps: Deps, by: Caller, { attempt, identity }: Known): Promise<SignedIn> {
  const ttlSeconds = deps.config.tokens.accessTtlSeconds;
  const key = await deps.signer.currentKey(ttlSeconds);
  const method = { method: PROVIDER_METHOD, provider: identity.provider };
  const open = (tx: Transaction, { user, proven, action }: Pick<Admitted, 'user' | 'proven' | 'action'>) =>
    openSessionFor(tx, deps, by, { user, action, by: { opener: 'provider', proven }, method });
  const { linkingSessionId: sessionId, invitedUserId } = attempt;
  const opened =
    sessionId === null
      ? await admitProviderAccount(deps, by, { identity, invitedUserId }, open)
      : await linkToSession(deps, by, { sessionId, identity, byClient: false }, (tx, linked) =>
          open(tx, { ...linked, action: 'login' }),
        );
  if (opened === 'unverified')
    return refuseUnverified(deps, by, { identity, redirectTo: attempt.redirectTo });
  return completeSignIn(deps, { ...opened, key, ttlSeconds, form: 'gotrue' });
}
