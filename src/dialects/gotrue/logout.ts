import { z } from 'zod';
import { type LogoutScope, logout } from '../../flows/sign-in/logout.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { requireFirstFactor, userErrors, userToken } from './bearer.ts';
import { validationFailed } from './errors.ts';

const scopes: Readonly<Record<string, LogoutScope>> = {
  '': 'GLOBAL',
  global: 'GLOBAL',
  local: 'LOCAL',
  others: 'OTHERS',
};

function scopeOf(text: string): LogoutScope {
  const scope = Object.hasOwn(scopes, text) ? scopes[text] : undefined;
  if (scope === undefined)
    throw validationFailed(`Unsupported logout scope ${JSON.stringify(text.slice(0, 32))}`);
  return scope;
}

/** The end of sessions. */
export const logoutEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/logout',
    docs: {
      operationId: 'goTrueLogout',
      summary: 'End sessions of the signed-in person',
      description:
        'Their access tokens are refused here and in GraphQL at once, and by others when they expire.',
      security: userToken,
      answers: { 204: { description: 'The sessions have ended.' } },
      errors: userErrors,
    },
    authenticate: (incoming) => requireFirstFactor(deps, incoming),
    query: z.object({
      scope: z.string().default('').meta({
        description: '`global` (the default): all sessions. `local`: this one. `others`: all but this one.',
      }),
    }),
    async handle({ by, query }, c) {
      const scope = scopeOf(query.scope);
      // A token that names no session cannot mean one.
      await logout(deps, by, { scope: by.sessionId === null ? 'GLOBAL' : scope });
      return c.body(null, 204);
    },
  }),
];
