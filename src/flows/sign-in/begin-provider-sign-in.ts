import { challengeOf } from '../../crypto/pkce.ts';
import { AuthError } from '../../errors.ts';
import { beginFlow } from '../../flow-states/flow-states.ts';
import { attemptSecrets, createRandomSecret, createState } from '../../identities/attempt-secrets.ts';
import { ATTEMPT_SECONDS, beginAttempt, redeemTicket } from '../../identities/provider-attempts.ts';
import { findCodeByLink } from '../../one-time-codes/one-time-codes.ts';
import type { Provider } from '../../providers/provider.ts';
import { resolveRedirect } from '../../redirects/redirects.ts';
import type { Caller } from '../shared/caller.ts';
import { callerCounter } from '../shared/counters.ts';
import type { Deps } from '../shared/deps.ts';
import { askProvider, requireProvider } from '../shared/provider-identity.ts';
import { callbackUrl } from '../shared/provider-url.ts';

/** What the browser asks the provider for. */
type Asked = {
  /** Scopes beside those that are always asked for. */
  scopes: readonly string[];
  /** Other parameters for the provider: `prompt`, `login_hint`, … */
  extra: Readonly<Record<string, string>>;
  /** The secret in the cookie of the browser; null if it has none. */
  browser: string | null;
};

export type ProviderSignInInput = Asked & {
  provider: string;
  /** Where the person may return to, in the order of precedence. A target that is not allowed is passed over. */
  redirects: readonly (string | null | undefined)[];
  /** The S256 challenge of PKCE; null if the person returns with the tokens. */
  codeChallenge: string | null;
  /** The token of an invitation. Empty if the person has none. */
  inviteToken: string;
};

/** Where the browser goes, and what its cookie must hold until it comes back. */
export type BegunSignIn = { url: URL; browser: string; formPost: boolean };

/**
 * Begins a sign-in at a provider. The state is bound to the browser, works once, and lives for five minutes.
 * @throws AuthError `unknown_provider` (provider), `invalid_token` (inviteToken), `rate_limited`, `busy`, `provider_failed`,
 * `provider_refused`
 */
export async function beginProviderSignIn(
  deps: Deps,
  by: Caller,
  input: ProviderSignInInput,
): Promise<BegunSignIn> {
  const { codeChallenge, inviteToken } = input;
  const provider = requireProvider(deps, input.provider);
  await deps.rateLimiter.consume([callerCounter(deps, by, 'provider')]);
  const invitedUserId = inviteToken === '' ? null : await findInvited(deps, inviteToken);
  const attempt = newAttempt(input);
  const begun = await directTo(deps, provider, { ...input, ...attempt });
  const redirectTo = resolveRedirect(deps.config, input.redirects);
  await deps.db.transaction(async (tx) => {
    const flowStateId = await beginFlow(tx, { redirectTo, codeChallenge, ttlSeconds: ATTEMPT_SECONDS });
    await beginAttempt(tx, { flowStateId, provider: provider.name, invitedUserId, ...attempt });
  });
  return begun;
}

/**
 * Lets a browser begin to link an identity, with the ticket that `linkProvider` made.
 * @throws AuthError `invalid_token` (ticket), and what beginProviderSignIn throws
 */
export async function beginProviderLink(
  deps: Deps,
  by: Caller,
  input: Asked & { ticket: string },
): Promise<BegunSignIn> {
  await deps.rateLimiter.consume([callerCounter(deps, by, 'provider')]);
  const attempt = newAttempt(input);
  const name = await redeemTicket(deps.db, { ticket: input.ticket, device: by.device, ...attempt });
  if (name === null) throw new AuthError('invalid_token', { attribute: 'ticket' });
  return directTo(deps, requireProvider(deps, name), { ...input, ...attempt });
}

/** Whose invitation a token is. @throws AuthError `invalid_token` (inviteToken) */
async function findInvited({ db }: Deps, token: string): Promise<string> {
  const code = await findCodeByLink(db, { token, purposes: ['invite'] });
  if (code === null) throw new AuthError('invalid_token', { attribute: 'inviteToken' });
  return code.userId;
}

type Attempt = { state: string; browser: string };

/** A browser keeps the secret that it has, for other sign-ins that it has begun. */
const newAttempt = ({ browser }: Asked): Attempt => ({
  state: createState(),
  browser: browser ?? createRandomSecret(),
});

/** Directs a browser to the provider. */
async function directTo(
  deps: Deps,
  provider: Provider,
  { state, browser, scopes, extra }: Omit<Asked, 'browser'> & Attempt,
): Promise<BegunSignIn> {
  const { codeVerifier, nonce } = attemptSecrets({ state, browser });
  const codeChallenge = challengeOf(codeVerifier);
  const redirectUri = callbackUrl(deps.config);
  const url = await askProvider(deps, provider, () =>
    provider.authorizationUrl({ redirectUri, state, nonce, codeChallenge, scopes, extra }),
  );
  return { url, browser, formPost: provider.formPost };
}
