import { flag } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

/** What users must show to change their account at the GoTrue dialect. In GraphQL, `requireFreshness` decides. */
export const accountChangeVariables = {
  SECURE_EMAIL_CHANGE: variable({
    parser: flag(),
    default: 'on',
    description:
      'Whether a change of the email address at the GoTrue dialect has to be confirmed at the former address too.',
  }),
  REQUIRE_CURRENT_PASSWORD: variable({
    parser: flag(),
    default: 'off',
    description:
      '`on` asks for the current password where the GoTrue dialect sets a new one. A session that a mailed link or a code opened needs none.',
  }),
  REQUIRE_REAUTHENTICATION: variable({
    parser: flag(),
    default: 'off',
    description:
      '`on` asks for a code where the GoTrue dialect sets a new password in a session that is older than 24 hours. `GET /reauthenticate` sends the code.',
  }),
};

export const accountChangeConfig = (e: Environment) => ({
  accountChanges: {
    secureEmailChange: e.SECURE_EMAIL_CHANGE,
    requireCurrentPassword: e.REQUIRE_CURRENT_PASSWORD,
    requireReauthentication: e.REQUIRE_REAUTHENTICATION,
  },
});
