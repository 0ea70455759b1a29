import { z } from 'zod';
import type { Dialect } from '../dialects/dialect.ts';
import { type Endpoint, endpoint } from '../dialects/endpoint.ts';
import { spellGatewayError } from '../dialects/errors.ts';
import { internal } from '../dialects/internal/endpoints.ts';
import { readJwks } from '../keys/jwks.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { shareReadings } from './shared-readings.ts';

const JwkSet = z.object({ keys: z.array(z.record(z.string(), z.string())) });

/** Creates the endpoints of the public keys. Every page and every cache may read them. */
export const keySet: Dialect = {
  name: 'keys',
  spellError: spellGatewayError,
  bodies: { nullIsMissing: true },
  docs: internal.docs,
  endpoints,
};

function endpoints(deps: GatewayDeps): Endpoint[] {
  const read = shareReadings(() => readJwks({ db: deps.priority.db, config: deps.config }));
  const paths = { jwks: '/.well-known/jwks.json', portalJwks: '/api/v1/jwks' };
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
        c.header('access-control-allow-origin', '*');
        return c.json({ keys });
      },
    }),
  );
}
