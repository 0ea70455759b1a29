import { z } from 'zod';
import { seconds, text } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { publicUrlOf } from './server.ts';

/** The second factor, and how fresh a sign-in must be for a change of the account. */
export const secondFactorVariables = {
  SECOND_FACTOR: variable({
    parser: z.enum(['required', 'advisory']),
    default: 'required',
    description:
      'What a user with a [second factor](../second-factors/README.md) can do before they show it. With `required` the access token has no claims for Hasura. With `advisory` it has: your permissions read `x-hasura-auth-level`.',
  }),
  TOTP_ISSUER: variable({
    parser: text().pipe(z.string().max(100, 'must have at most 100 characters')),
    description: 'The name of the application in authenticator apps.',
    shownDefault: 'the host of APP_URL, or else of PUBLIC_URL',
  }),
  FRESH_SIGN_IN: variable({
    parser: seconds(60, 86_400),
    default: '900',
    description:
      'Seconds for which a sign-in is fresh. After a fresh sign-in a user may link a provider and add an authenticator app. A user without a password may also change the email address, create a personal access token and delete the account.',
  }),
};

export const secondFactorConfig = (e: Environment) => ({
  secondFactor: {
    /** Whether a session below `aal2` gets no claims for Hasura if its user has a second factor. */
    required: e.SECOND_FACTOR === 'required',
    totpIssuer: e.TOTP_ISSUER ?? new URL(e.APP_URL ?? publicUrlOf(e)).host,
  },
  freshSignInSeconds: e.FRESH_SIGN_IN,
});
