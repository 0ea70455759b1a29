import { AuthError } from '../../errors.ts';
import { refreshAddresses } from '../../flows/admin/contract-addresses.ts';
import { deleteExpiredSigningKeys, generateSigningKey } from '../../flows/admin/signing-keys.ts';
import { operator } from '../../flows/shared/caller.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { requireInternalSecret } from '../../request/hasura-secret.ts';
import { configuredCors } from '../cors.ts';
import type { Dialect } from '../dialect.ts';
import { type Endpoint, endpoint, type Security } from '../endpoint.ts';
import { gatewayError, spellGatewayError } from '../errors.ts';
import { GeneratedJwk, generatedJwk, NotStored, Stored } from './objects.ts';

/** The portal's endpoints for Hasura alone. A request's body is never read. */
export const internal: Dialect = {
  name: 'internal',
  spellError: spellGatewayError,
  cors: configuredCors,
  guard: requireInternalSecret,
  bodies: { nullIsMissing: true },
  docs: { tag: 'Keys', description: 'Signing keys and contract addresses.', errors: [gatewayError] },
  endpoints: (deps) => [refreshEns(deps), createKey(deps), deleteKeys(deps)],
};

const internalSecret: Security = {
  name: 'internalSecret',
  scheme: { type: 'http', scheme: 'bearer', description: 'The secret shared with Hasura.' },
};

const REFUSED = ['permission_denied', 'rate_limited'] as const;

const refreshEns = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/api/_ens',
    docs: {
      operationId: 'refreshEns',
      summary: 'Look up the ENS names, and store the contract addresses',
      security: internalSecret,
      answers: {
        200: { description: 'The addresses are stored.', schema: Stored },
        500: { description: 'Nothing is stored. The old addresses stay.', schema: NotStored },
      },
      errors: REFUSED,
    },
    async handle(_call, c) {
      try {
        await refreshAddresses(deps, operator);
        return c.json({ success: true });
      } catch (error) {
        if (!(error instanceof AuthError) || !error.code.startsWith('ens_')) throw error;
        deps.log.warn({ code: error.code }, 'The ENS lookup failed.');
        return c.json({ success: false, error: error.message }, 500);
      }
    },
  });

const createKey = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/api/_jwk-gen',
    docs: {
      operationId: 'generateJwk',
      summary: 'Make a signing key',
      security: internalSecret,
      answers: {
        201: {
          description: 'The key is published. It signs once every verifier has it.',
          schema: GeneratedJwk,
        },
      },
      errors: ['too_many_keys', ...REFUSED],
    },
    async handle(_call, c) {
      return c.json(generatedJwk(await generateSigningKey(deps, operator)), 201);
    },
  });

const deleteKeys = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/api/_delete-jwks',
    docs: {
      operationId: 'deleteExpiredJwks',
      summary: 'Delete expired keys that no valid token was signed with',
      security: internalSecret,
      answers: { 204: { description: 'The keys are deleted.' } },
      errors: REFUSED,
    },
    async handle(_call, c) {
      await deleteExpiredSigningKeys(deps, operator);
      return c.body(null, 204);
    },
  });
