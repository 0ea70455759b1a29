import { DAY, integer, seconds } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** The most personal access tokens that a user can be allowed to have. Their list is not paged. */
export const MAX_PERSONAL_TOKENS = 1000;

/** Personal access tokens, with which programs of a user sign in. */
export const personalTokenVariables = {
  PERSONAL_TOKENS_PER_USER: variable({
    parser: integer(0, MAX_PERSONAL_TOKENS),
    default: '50',
    description:
      'How many [personal access tokens](../access-tokens/README.md) a user may have at once. `0` switches them off.',
  }),
  PERSONAL_TOKEN_MAX_TTL: variable({
    parser: seconds(60, 3650 * DAY),
    default: String(366 * DAY),
    description: 'Seconds that a personal access token may live. The user chooses when it expires.',
  }),
};

export const personalTokenConfig = (e: Environment) => ({
  personalTokens: {
    /** How many a user may have at once. 0 switches them off. */
    perUser: e.PERSONAL_TOKENS_PER_USER,
    maxTtlSeconds: e.PERSONAL_TOKEN_MAX_TTL,
  },
});
