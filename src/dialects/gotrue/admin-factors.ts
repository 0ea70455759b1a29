import { z } from 'zod';
import { removeSecondFactors } from '../../flows/admin/remove-second-factors.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { findAccount } from '../../users/accounts.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { requireUserId } from './admin-bodies.ts';
import { adminErrors, adminToken, requireAdmin } from './bearer.ts';
import { refuse, respell } from './errors.ts';
import { factorNotFound, parseFactorId } from './factors.ts';
import { factorObject } from './objects.ts';
import { FactorSchema } from './schemas.ts';

const USER_ID = z.string().meta({ description: 'A UUID.' });
const userNotFound = () => refuse(404, 'user_not_found', 'User not found');

async function factorsOf(deps: GatewayDeps, userId: string) {
  const account = await findAccount(deps, userId);
  if (account === null) throw userNotFound();
  return account.factors;
}

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
    params: z.object({ userId: USER_ID }),
    handle: async ({ params }, c) => c.json((await factorsOf(deps, requireUserId(params))).map(factorObject)),
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
    params: z.object({ userId: USER_ID, factorId: z.string().meta({ description: 'A UUID.' }) }),
    async handle({ by, params }, c) {
      const userId = requireUserId(params);
      const factorId = parseFactorId(params);
      const factor = (await factorsOf(deps, userId)).find(({ id }) => id === factorId);
      if (factor === undefined) throw factorNotFound();
      await respell(removeSecondFactors(deps, by, { userId, factorId }), { not_found: factorNotFound });
      return c.json(factorObject(factor));
    },
  }),
];
