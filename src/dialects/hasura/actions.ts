import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import { refreshAddresses } from '../../flows/admin/contract-addresses.ts';
import { setUserRoles } from '../../flows/admin/set-user-roles.ts';
import { generateSigningKey } from '../../flows/admin/signing-keys.ts';
import { operator } from '../../flows/shared/caller.ts';
import { requireGatewaySecret } from '../../request/hasura-secret.ts';
import type { Dialect } from '../dialect.ts';
import { endpoint } from '../endpoint.ts';
import { validate } from '../input.ts';
import { spellActionError } from './errors.ts';
import { type ActionRun, operatorActions } from './operator-actions.ts';

/** What the Hasura console triggers. Hasura checks the role before it calls; so does the gateway. */
export const actions: Dialect = {
  name: 'hasura-actions',
  prefix: '/hasura/actions',
  spellError: spellActionError,
  guard: requireGatewaySecret,
  bodies: { nullIsMissing: false },
  docs: null,
  endpoints: (deps) =>
    Object.entries(runs).map(([name, run]) =>
      endpoint({
        method: 'POST',
        path: `/hasura/actions/${name}`,
        docs: null,
        body: ActionRequest,
        async handle({ body }, c) {
          if (roleOf(body) !== 'admin') throw new AuthError('permission_denied');
          return c.json(await run(deps, body.input));
        },
      }),
    ),
};

const ActionRequest = z.object({ session_variables: z.unknown().optional(), input: z.unknown().optional() });

const AssignRoles = z.object({
  userId: z.string(),
  roles: z.array(z.string()),
  teamId: z.string().nullable().default(null),
});

/** An action's work, in the names that actions.graphql gives its output. */
const runs: Readonly<Record<string, ActionRun>> = {
  ...operatorActions,
  async refreshEns(deps) {
    const addresses = await refreshAddresses(deps, operator);
    return { success: true, addresses: addresses.map(({ key, value }) => ({ key, value })) };
  },
  async generateJwk(deps) {
    const { id, expiresAt } = await generateSigningKey(deps, operator);
    return { success: true, id, expiresAt: expiresAt.toISOString() };
  },
  async assignRoles(deps, given) {
    const input = validate(AssignRoles, given, { nullIsMissing: false });
    const { userId, teamId, roles, allowedRoles } = await setUserRoles(deps, operator, input);
    return { userId, teamId, roles, allowedRoles };
  },
};

function roleOf({ session_variables: variables }: z.output<typeof ActionRequest>): unknown {
  return typeof variables === 'object' && variables !== null && 'x-hasura-role' in variables
    ? variables['x-hasura-role']
    : undefined;
}
