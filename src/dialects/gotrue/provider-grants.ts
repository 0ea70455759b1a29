import { AuthError } from '../../errors.ts';
import { exchangeCode } from '../../flows/sign-in/exchange-code.ts';
import { signInWithIdToken } from '../../flows/sign-in/sign-in-with-id-token.ts';
import { defaultIssuerOf } from '../../providers/presets.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import type { Incoming } from '../endpoint.ts';
import { requireUser } from './bearer.ts';
import { refuse, refuseAsOAuth, validationFailed } from './errors.ts';
import type { Grant } from './grants.ts';
import { answerSession } from './session-answer.ts';

/** The code of a flow with PKCE: of a mailed link, or of a provider. */
export const pkceGrant: Grant = async (deps, { caller, body }, c) => {
  const { auth_code: code, code_verifier: codeVerifier } = body;
  if (code === '' || codeVerifier === '')
    throw validationFailed('invalid request: both auth code and code verifier should be non-empty');
  const exchanged = await exchangeCode(deps, caller, { code, codeVerifier, form: 'gotrue' }).catch(
    (error: unknown) => Promise.reject(spelled(error)),
  );
  const { providerTokens, ...signedIn } = exchanged;
  const { accessToken = '', refreshToken = null } = providerTokens ?? {};
  return answerSession(deps, c, signedIn, {
    ...(accessToken !== '' && { provider_token: accessToken }),
    ...(refreshToken !== null && { provider_refresh_token: refreshToken }),
  });
};

/** GoTrue's answers to a code that is not exchanged. */
function spelled(error: unknown): unknown {
  if (!(error instanceof AuthError) || error.code !== 'invalid_token') return error;
  return error.details.reason === 'expired'
    ? refuse(422, 'flow_state_expired', 'invalid flow state, flow state has expired')
    : refuse(404, 'flow_state_not_found', 'invalid flow state, no valid flow state found');
}

/** The error of GoTrue for linking where it is switched off. */
export const linkingIsOff = (): AuthError =>
  refuse(404, 'manual_linking_disabled', 'Manual linking is disabled');

/** The provider that a body names, or whose issuer it names. */
function providerIn(deps: GatewayDeps, { provider, issuer }: { provider: string; issuer: string }): string {
  if (provider !== '') return provider;
  if (issuer === '') throw refuseAsOAuth('invalid request', 'provider or client_id and issuer required');
  const { names, find } = deps.providers;
  return names.find((name) => find(name)?.issuer === issuer) ?? issuer;
}

const isOff = (name: string): AuthError => {
  const issuer = defaultIssuerOf(name);
  return issuer === null
    ? validationFailed(`Custom OIDC provider ${JSON.stringify(name.slice(0, 64))} not allowed`)
    : refuse(400, 'provider_disabled', `Provider (issuer ${JSON.stringify(issuer)}) is not enabled`);
};

/** GoTrue's answers to an ID token that is refused. */
function idTokenError(error: unknown, provider: string): unknown {
  if (!(error instanceof AuthError)) return error;
  switch (error.code) {
    case 'unknown_provider':
      return isOff(provider);
    case 'provider_refused':
      return refuseAsOAuth('invalid request', 'Bad ID token');
    case 'invalid':
      return error.details.reason === 'missing'
        ? refuseAsOAuth(
            'invalid request',
            'Passed nonce and nonce in id_token should either both exist or not.',
          )
        : refuseAsOAuth('invalid nonce', 'Nonces mismatch');
    default:
      return error;
  }
}

/** The session of a person who links an identity by an ID token; null for a sign-in. */
async function linkingSession(deps: GatewayDeps, incoming: Incoming, links: boolean): Promise<string | null> {
  if (!links) return null;
  if (!deps.config.manualLinking) throw linkingIsOff();
  const { sessionId } = await requireUser(deps, incoming);
  return sessionId;
}

/** An ID token that the client got from the provider itself. */
export const idTokenGrant: Grant = async (deps, call, c) => {
  const { id_token: idToken, access_token: accessToken, nonce, link_identity: links } = call.body;
  if (idToken === '') throw refuseAsOAuth('invalid request', 'id_token required');
  const provider = providerIn(deps, call.body);
  const linkingSessionId = await linkingSession(deps, call, links);
  const input = { provider, idToken, accessToken, nonce, linkingSessionId, form: 'gotrue' } as const;
  const signedIn = await signInWithIdToken(deps, call.caller, input).catch((error: unknown) =>
    Promise.reject(idTokenError(error, provider)),
  );
  return answerSession(deps, c, signedIn);
};
