import { flag } from '../parsers.ts';
import { providerList } from '../provider-settings.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { isReachable } from './outbound.ts';

/** The providers by which people sign in. */
export const providerVariables = {
  OAUTH_PROVIDERS: variable({
    parser: providerList(),
    default: '[]',
    description:
      'JSON array of the [providers](../providers/README.md) by which people sign in: `[{"name":"google","clientId":"…","clientSecret":"…"}]`.',
    shownDefault: 'none',
    secret: true,
  }),
  MANUAL_LINKING: variable({
    parser: flag(),
    default: 'off',
    description:
      "`on` serves the GoTrue dialect's paths `/user/identities`, by which a signed-in person links and unlinks identities. GraphQL's `linkProvider` and `unlinkIdentity` do not need it.",
  }),
};

export const providerConfig = (e: Environment) => ({
  /** The providers by which people sign in. They hold secrets. */
  providers: e.OAUTH_PROVIDERS,
  /** Whether the GoTrue dialect lets people link identities. */
  manualLinking: e.MANUAL_LINKING,
});

/** Requires https, except for hosts that are allowed explicitly. */
export const providerProblems = (e: Environment): string[] =>
  e.OAUTH_PROVIDERS.flatMap(({ issuer, authorizationUrl }, index) =>
    [issuer, authorizationUrl].every(
      (url) => url === undefined || isReachable(url, e.ALLOW_PRIVATE_ADDRESSES),
    )
      ? []
      : [`OAUTH_PROVIDERS: provider ${index + 1} needs https, or its host in ALLOW_PRIVATE_ADDRESSES`],
  );
