import type { AuthError } from '../../errors.ts';
import type { Viewer } from '../../flows/shared/caller.ts';
import { signInWithIdToken } from '../../flows/sign-in/sign-in-with-id-token.ts';
import { defaultIssuerOf } from '../../providers/presets.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import type { Incoming } from '../endpoint.ts';
import { answerSession } from './answers.ts';
import { requireUser } from './bearer.ts';
import { refuse, refuseAsOAuth, respell, validationFailed } from './errors.ts';
import type { Grant } from './grants.ts';

/** The error of GoTrue for linking where it is switched off. */
export const linkingIsOff = (): AuthError =>
  refuse(404, 'manual_linking_disabled', 'Manual linking is disabled');

/** The provider that a body names, or whose issuer it names. */
function providerIn(deps: GatewayDeps, { provider, issuer }: { provider: string; issuer: string }): string {
  if (provider !== '') return provider;
  if (issuer === '') throw refuseAsOAuth('invalid request', 'provider or client_id and issuer required');
  const { names, find } = deps.providers;
  const configured = issuer.replace(/\/+$/, '');
  return names.find((name) => find(name)?.issuer === configured) ?? issuer;
}

const isOff = (name: string): AuthError => {
  const issuer = defaultIssuerOf(name);
  return issuer === null
    ? validationFailed(`Custom OIDC provider ${JSON.stringify(name.slice(0, 64))} not allowed`)
    : refuse(400, 'provider_disabled', `Provider (issuer ${JSON.stringify(issuer)}) is not enabled`);
};

/** The error for a nonce that the ID token does not hold. */
const wrongNonce = ({ details }: AuthError): AuthError =>
  details.reason === 'missing'
    ? refuseAsOAuth('invalid request', 'Passed nonce and nonce in id_token should either both exist or not.')
    : refuseAsOAuth('invalid nonce', 'Nonces mismatch');

/** The person who links an identity by an ID token; null for a sign-in. */
async function linkingPerson(deps: GatewayDeps, incoming: Incoming, links: boolean): Promise<Viewer | null> {
  if (!links) return null;
  if (!deps.config.manualLinking) throw linkingIsOff();
  return requireUser(deps, incoming);
}

/** An ID token that the client got from the provider itself. */
export const idTokenGrant: Grant = async (deps, call, c) => {
  const { id_token: idToken, access_token: accessToken, nonce, link_identity: links } = call.body;
  if (idToken === '') throw refuseAsOAuth('invalid request', 'id_token required');
  const provider = providerIn(deps, call.body);
  const linkedTo = await linkingPerson(deps, call, links);
  const input = { provider, idToken, accessToken, nonce, linkedTo, form: 'gotrue' } as const;
  const signedIn = await respell(signInWithIdToken(deps, call.caller, input), {
    unknown_provider: () => isOff(provider),
    provider_refused: () => refuseAsOAuth('invalid request', 'Bad ID token'),
    invalid: wrongNonce,
  });
  return answerSession(deps, c, signedIn);
};
