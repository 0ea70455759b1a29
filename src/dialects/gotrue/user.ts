import type { IncomingMessage } from 'node:http';
import type { GatewayDeps } from '../../request/deps.ts';
import { headerText } from '../../request/header-text.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { answerUser } from './answers.ts';
import { requireFirstFactor, userErrors, userToken } from './bearer.ts';
import { validationFailed } from './errors.ts';
import { UserSchema } from './schemas.ts';

/** A client may name the audience for which it asks. The gateway has one. */
function requireAudience({ headers }: IncomingMessage, audience: string): void {
  const asked = headerText(headers, 'x-jwt-aud') ?? '';
  if (asked !== '' && asked !== audience)
    throw validationFailed("Token audience doesn't match request audience");
}

/** The signed-in person. */
export const userEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/user',
    docs: {
      operationId: 'goTrueUser',
      summary: 'Get the signed-in person',
      description: 'Takes an access token of any dialect, while its session lives.',
      security: userToken,
      answers: { 200: { description: 'The person.', schema: UserSchema } },
      errors: userErrors,
    },
    authenticate: (incoming) => requireFirstFactor(deps, incoming),
    async handle({ by, request }, c) {
      requireAudience(request, deps.config.gotrue.audience);
      return answerUser(deps, c, by.user.id);
    },
  }),
];
