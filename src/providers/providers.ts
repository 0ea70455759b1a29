import type { ProviderSettings } from '../config/config.ts';
import { AuthError } from '../errors.ts';
import type { Fetch } from './connection.ts';
import { createProvider, type Provider } from './provider.ts';

/** The providers by which people sign in. */
export type Providers = Readonly<{
  names: readonly string[];
  /** Finds a provider by its name; null if it is not configured. */
  find(name: string): Provider | null;
}>;

/** How many sign-ins may wait for one provider. While it is slow, they must not fill the gateway. */
const MAX_CALLS = 50;

/** Refuses calls of a provider while too many wait for it. */
function bounded(provider: Provider): Provider {
  let calls = 0;
  const limit =
    <Input, Result>(call: (input: Input) => Promise<Result>) =>
    async (input: Input): Promise<Result> => {
      if (calls >= MAX_CALLS) throw new AuthError('busy', { retryAfterSeconds: 1 });
      calls += 1;
      try {
        return await call(input);
      } finally {
        calls -= 1;
      }
    };
  return {
    ...provider,
    authorizationUrl: limit(provider.authorizationUrl),
    redeem: limit(provider.redeem),
    verify: limit(provider.verify),
  };
}

/** Creates the providers of the configuration. Nothing is asked until someone signs in. */
export function createProviders(settings: readonly ProviderSettings[], send: Fetch): Providers {
  const byName = new Map(settings.map((each) => [each.name, bounded(createProvider(each, send))]));
  return { names: [...byName.keys()], find: (name) => byName.get(name) ?? null };
}
