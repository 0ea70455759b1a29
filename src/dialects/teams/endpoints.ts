import { configuredCors } from '../cors.ts';
import type { Dialect } from '../dialect.ts';
import { gatewayError, spellGatewayError } from '../errors.ts';
import { passwordEndpoints } from './passwords.ts';
import { sessionEndpoints } from './sessions.ts';
import { verificationEndpoints } from './verification.ts';

/**
 * The teams API: accounts, email verification, user and team tokens. The paths are spelled as its documents spell them, the
 * errors as the gateway does.
 */
export const teams: Dialect = {
  name: 'teams',
  isEnabled: ({ dialects }) => dialects.includes('teams'),
  spellError: spellGatewayError,
  cors: configuredCors,
  bodies: { nullIsMissing: true },
  docs: {
    tag: 'Teams',
    description:
      'Accounts, email verification and tokens. The user token is an access token. The vault token is the token of the active team.',
    errors: [gatewayError],
  },
  endpoints: (deps) => [
    ...sessionEndpoints(deps),
    ...verificationEndpoints(deps),
    ...passwordEndpoints(deps),
  ],
};
