import { z } from 'zod';
import { inviteAccount } from '../../flows/admin/invite-account.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { answerOf, spelled } from './admin-bodies.ts';
import { adminErrors, adminToken, requireAdmin } from './bearer.ts';
import { DATA, EMAIL, REDIRECT_QUERY, redirectsOf, requireEmailLength } from './bodies.ts';
import { UserSchema } from './schemas.ts';

/** Invitations by servers. */
export const inviteEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/invite',
    docs: {
      operationId: 'goTrueInvite',
      summary: 'Create a user and mail an invitation',
      description:
        'The mailed link and code let the user in, also while sign-up is off. Until then it may be sent again.',
      security: adminToken,
      answers: { 200: { description: 'The user.', schema: UserSchema } },
      errors: [...adminErrors, 'invalid', 'already_registered', 'account_disabled', 'rate_limited'],
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    query: z.object(REDIRECT_QUERY),
    body: z.object({ email: EMAIL, data: DATA }),
    async handle({ by, body, query, request }, c) {
      requireEmailLength(body.email);
      const input = {
        email: body.email,
        userMetadata: body.data,
        redirects: redirectsOf(request, query),
      };
      const { userId } = await spelled(() => inviteAccount(deps, by, input));
      return c.json(await answerOf(deps, userId));
    },
  }),
];
