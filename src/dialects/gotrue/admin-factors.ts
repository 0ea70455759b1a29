import { z } from 'zod';
import { removeSecondFactors } from '../../flows/admin/remove-second-factors.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { requireAccount, requireUserId, userNotFound, userPath } from './admin-bodies.ts';
import { adminErrors, adminToken, requireAdmin } from './bearer.ts';
import { respell } from './errors.ts';
import { factorNotFound, parseFactorId } from './factors.ts';
import { factorObject } from './objects.ts';
import { FactorSchema } from './schemas.ts';

/** The authenticator apps of a user, for servers. */
export const adminFactorEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/admin/users/:userId/factors',
    docs: {
      operationId: 'goTrueListFactors',
      summary: 'List the authenticator apps of a user',
      security: adminToken,
      answers: { 200: { description: 'The apps, without their secrets.', schema: z.array(FactorSchema) } },
      errors: [...adminErrors, userNotFound()],
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    params: userPath,
    async handle({ params }, c) {
      const { factors } = await requireAccount(deps, requireUserId(params));
      return c.json(factors.map(factorObject));
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/admin/users/:userId/factors/:factorId',
    docs: {
      operationId: 'goTrueDeleteFactor',
      summary: 'Remove an authenticator app of a user who lost it',
      description: 'Their sign-ins go on at level aal1.',
      security: adminToken,
      answers: { 200: { description: 'The removed app.', schema: FactorSchema } },
      errors: [...adminErrors, userNotFound(), factorNotFound()],
    },
    authenticate: (incoming) => requireAdmin(deps, incoming),
    params: userPath.extend({ factorId: z.string().meta({ description: 'A UUID.' }) }),
    async handle({ by, params }, c) {
      const userId = requireUserId(params);
      const factorId = parseFactorId(params);
      const { factors } = await requireAccount(deps, userId);
      const factor = factors.find(({ id }) => id === factorId);
      if (factor === undefined) throw factorNotFound();
      await respell(removeSecondFactors(deps, by, { userId, factorId }), { not_found: factorNotFound });
      return c.json(factorObject(factor));
    },
  }),
];
