import type { Config } from '../../config/config.ts';
import { AuthError } from '../../errors.ts';
import { type CorsRule, configuredCors, withSupabaseHeaders } from '../cors.ts';
import type { BodyFault, Dialect } from '../dialect.ts';
import { adminFactorEndpoints } from './admin-factors.ts';
import { adminListEndpoints } from './admin-list.ts';
import { adminUserEndpoints } from './admin-users.ts';
import { goTrueErrors, spellGoTrueError } from './errors.ts';
import { factorEndpoints } from './factors.ts';
import { generateLinkEndpoints } from './generate-link.ts';
import { identityEndpoints } from './identities.ts';
import { inviteEndpoints } from './invite.ts';
import { logoutEndpoints } from './logout.ts';
import { mailEndpoints } from './mails.ts';
import { providerEndpoints } from './providers.ts';
import { settingsEndpoints } from './settings.ts';
import { signupEndpoints } from './signup.ts';
import { ssoEndpoints } from './sso.ts';
import { tokenEndpoints } from './token.ts';
import { updateEndpoints } from './update-user.ts';
import { userEndpoints } from './user.ts';
import { verifyEndpoints } from './verify.ts';

/** The configured origins may call, without cookies. */
const cors = (config: Config): CorsRule => {
  const rule = configuredCors(config);
  return {
    ...rule,
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: withSupabaseHeaders(rule.allowedHeaders),
    exposedHeaders: [...rule.exposedHeaders, 'x-total-count', 'link', 'x-supabase-api-version'],
  };
};

/** GoTrue does not read the body at all if a field has a wrong type. */
const wrongAttribute = ({ attribute }: BodyFault): AuthError =>
  attribute === ''
    ? new AuthError('invalid_json', { message: 'The request body is not a JSON object.' })
    : new AuthError('invalid_json', { attribute, message: `${attribute} has a wrong type.` });

/**
 * The API of GoTrue (Supabase Auth), for its clients. `createClient('https://host/gotrue', key)` adds `/auth/v1` to the address. At the
 * root, `/auth/v1` belongs to another dialect.
 */
export const gotrue: Dialect = {
  name: 'gotrue',
  isEnabled: ({ dialects }) => dialects.includes('gotrue'),
  aliases: ['/gotrue', '/gotrue/auth/v1'],
  spellError: spellGoTrueError,
  cors,
  bodies: { nullIsMissing: true, anyMediaType: true, refuse: wrongAttribute },
  docs: {
    tag: 'GoTrue',
    description:
      "GoTrue's API, for Supabase's clients. The same paths are below `/gotrue` and `/gotrue/auth/v1`. Its errors have the names of GoTrue.",
    errors: goTrueErrors,
  },
  endpoints: (deps) => [
    ...adminUserEndpoints(deps),
    ...adminListEndpoints(deps),
    ...inviteEndpoints(deps),
    ...generateLinkEndpoints(deps),
    ...settingsEndpoints(deps),
    ...ssoEndpoints(),
    ...signupEndpoints(deps),
    ...tokenEndpoints(deps),
    ...mailEndpoints(deps),
    ...verifyEndpoints(deps),
    ...providerEndpoints(deps),
    ...identityEndpoints(deps),
    ...userEndpoints(deps),
    ...logoutEndpoints(deps),
    ...updateEndpoints(deps),
    ...factorEndpoints(deps),
    ...adminFactorEndpoints(deps),
  ],
};

/**
 * The way to providers and back, for GraphQL's `signInWithProvider` and `linkProvider` where the GoTrue dialect is off. Without providers
 * nothing is served.
 */
export const providerWay: Dialect = {
  name: 'providers',
  isEnabled: ({ dialects, providers }) => !dialects.includes('gotrue') && providers.length > 0,
  spellError: spellGoTrueError,
  bodies: { nullIsMissing: true },
  docs: null,
  endpoints: (deps) => providerEndpoints(deps),
};
