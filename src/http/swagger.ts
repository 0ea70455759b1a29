import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { spellGatewayError } from '../dialects/errors.ts';
import { createRoutes, type Routes, serve } from '../dialects/routes.ts';
import type { GatewayDeps } from '../request/deps.ts';

const require = createRequire(import.meta.url);

/** The files that the page needs. They come from the installed package, not from another server. */
const assets = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
} as const;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger', deepLinking: true, validatorUrl: null, tryItOutEnabled: true });`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Portcullis: HTTP endpoints</title>
<link rel="stylesheet" href="/swagger/swagger-ui.css">
</head>
<body>
<div id="swagger"></div>
<script src="/swagger/swagger-ui-bundle.js"></script>
<script src="/swagger/start.js"></script>
</body>
</html>
`;

const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Creates `/swagger`, where people read and try the HTTP dialects. It works without internet access. */
export function swaggerRoutes(deps: GatewayDeps): Routes {
  const routes = createRoutes(deps, spellGatewayError);
  serve(routes, '/swagger', {
    GET(c) {
      c.header('content-security-policy', CONTENT_SECURITY_POLICY);
      return c.html(PAGE);
    },
  });
  serve(routes, '/swagger/start.js', {
    GET(c) {
      c.header('content-type', 'text/javascript; charset=utf-8');
      return c.body(START);
    },
  });
  for (const [name, contentType] of Object.entries(assets))
    serve(routes, `/swagger/${name}`, {
      async GET(c) {
        c.header('content-type', contentType);
        c.header('cache-control', 'public, max-age=3600');
        return c.body(await readFile(require.resolve(`swagger-ui-dist/${name}`)));
      },
    });
  return routes;
}
