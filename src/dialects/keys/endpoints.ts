import { z } from 'zod';
import { readJwks } from '../../keys/jwks.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { publicCors } from '../cors.ts';
import type { Dialect } from '../dialect.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { spellGatewayError } from '../errors.ts';
import { internal } from '../internal/endpoints.ts';
import { shareReadings } from '../shared-readings.ts';

const JwkSet = z.object({ keys: z.array(z.record(z.string(), z.string())) });

/** The public keys. Every page and every cache may read them. */
export const keySet: Dialect = {
  name: 'keys',
  spellError: spellGatewayError,
  cors: publicCors,
  bodies: { nullIsMissing: true },
  docs: internal.docs,
  endpoints: (deps) => keyEndpoints(deps, { jwks: '/.well-known/jwks.json', portalJwks: '/api/v1/jwks' }),
};

/**
 * Creates endpoints that answer with the public keys.
 * @param paths by the name of their operation in `/openapi.json`
 */
export function keyEndpoints(deps: GatewayDeps, paths: Readonly<Record<string, string>>): Endpoint[] {
  const read = shareReadings(() => readJwks({ db: deps.priority.db, config: deps.config }));
  return Object.entries(paths).map(([operationId, path]) =>
    endpoint({
      method: 'GET',
      path,
      isVital: true,
      docs: {
        operationId,
        summary: 'Get the public keys that verify tokens (RFC 7517)',
        answers: { 200: { description: 'The unexpired keys.', schema: JwkSet } },
      },
      async handle(_call, c) {
        const { keys, maxAgeSeconds } = await read();
        c.header('cache-control', `public, max-age=${maxAgeSeconds}`);
        // Also without an Origin: a cache may give this answer to a page.
        c.header('access-control-allow-origin', '*');
        return c.json({ keys });
      },
    }),
  );
}
