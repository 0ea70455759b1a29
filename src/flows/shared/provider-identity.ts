import { AuthError } from '../../errors.ts';
import type { ProviderIdentity } from '../../identities/identities.ts';
import { canonicalEmail } from '../../mail/email-address.ts';
import type { ProviderAccount } from '../../providers/account.ts';
import type { Provider } from '../../providers/provider.ts';
import { ProviderError } from '../../providers/provider-error.ts';
import type { Deps } from './deps.ts';

/** Makes what is stored from what a provider says. An address that the gateway cannot store is left out. */
export function identityOf({ name, knownAs }: Provider, account: ProviderAccount): ProviderIdentity {
  const { issuer, subject, profile } = account;
  const email = account.email === null ? null : canonicalEmail(account.email);
  const emailVerified = email !== null && account.emailVerified;
  return { provider: name, knownAs, issuer, subject, email, emailVerified, profile };
}

/** Finds a provider by its name. @throws AuthError `unknown_provider` (provider) */
export function requireProvider({ providers }: Pick<Deps, 'providers'>, name: string): Provider {
  const provider = providers.find(name);
  if (provider === null) throw new AuthError('unknown_provider', { attribute: 'provider' });
  return provider;
}

/**
 * Asks a provider. The log says what went wrong, without what the provider sent.
 * @throws AuthError `provider_failed`, or `provider_refused` if what was shown to the provider, or by it, must not be believed; `busy`
 */
export async function askProvider<Result>(
  { log }: Pick<Deps, 'log'>,
  { name }: Provider,
  ask: () => Promise<Result>,
): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    log.warn(
      { provider: name, fault: error.fault, reason: error.message },
      'A provider did not say who a person is.',
    );
    throw new AuthError(error.fault === 'unavailable' ? 'provider_failed' : 'provider_refused');
  }
}
