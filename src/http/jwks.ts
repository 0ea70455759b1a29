import type { Deps } from '../deps.ts';
import { readJwks } from '../keys/jwks.ts';
import { createRoutes, portalErrorBody, type Routes, serve } from './routes.ts';

/** The public keys. Any page and any cache may have them. */
export function jwksRoutes(deps: Deps): Routes {
  const routes = createRoutes(deps, portalErrorBody);
  let reading: ReturnType<typeof readJwks> | undefined;
  // Whoever asks while the keys are being read shares the answer: a crowd costs one query.
  const read = () => (reading ??= readJwks(deps).finally(() => (reading = undefined)));

  for (const path of ['/.well-known/jwks.json', '/api/v1/jwks'])
    serve(routes, 'GET', path, async (c) => {
      const { keys, maxAgeSeconds } = await read();
      c.header('cache-control', `public, max-age=${maxAgeSeconds}`);
      c.header('access-control-allow-origin', '*');
      return c.json({ keys });
    });
  return routes;
}
