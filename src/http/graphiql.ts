import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { exampleTabs } from './graphiql-examples.ts';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" width="30" viewBox="0 0 32 32" fill="none" stroke="#6b46c1" stroke-width="2.5"><path d="M4 30V14a12 12 0 0 1 24 0v16M10 5v25M16 2v28M22 5v25M4 14h24M4 22h24"/></svg>';

/**
 * A fix for GraphiQL, which moves a tab away from the pointer when the tab gets the focus. The click is then lost. GraphiQL
 * leaves tabs at offsets of an animation, which its own style hides only until then.
 */
const STYLE = '<style>.graphiql-tab { transform: none !important }</style>';

/** Allows the page's one script only. Its editor adds styles, and starts its workers from blobs. */
const contentSecurityPolicy = (script: string): string =>
  [
    "default-src 'none'",
    `script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`,
    "style-src 'unsafe-inline'",
    'img-src data:',
    'font-src data:',
    'worker-src blob:',
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

type Page = { compressed: Buffer; policy: string };

async function renderPage(): Promise<Page> {
  // 9 MB of HTML: imported at the first request, and kept compressed.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const rendered = renderGraphiQL({
    title: 'Portcullis',
    logo: ICON,
    favicon: `data:image/svg+xml;base64,${Buffer.from(ICON).toString('base64')}`,
    endpoint: '/graphql',
    defaultTabs: [...exampleTabs],
    shouldPersistHeaders: false,
  } as Parameters<typeof renderGraphiQL>[0]);
  const html = String(rendered).replace('</head>', () => `${STYLE}</head>`);
  const script = html.slice(html.indexOf('<script>') + '<script>'.length, html.lastIndexOf('</script>'));
  return { compressed: await promisify(gzip)(html), policy: contentSecurityPolicy(script) };
}

/** Creates the GraphiQL page. All of it comes from this server: it needs no internet access. */
export function createGraphiQLPage() {
  let page: Promise<Page> | undefined;
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    page ??= renderPage();
    page.catch(() => (page = undefined));
    const { compressed, policy } = await page;
    const acceptsGzip = String(request.headers['accept-encoding'] ?? '').includes('gzip');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', policy);
    response.setHeader('vary', 'accept, accept-encoding');
    if (acceptsGzip) response.setHeader('content-encoding', 'gzip');
    response.end(acceptsGzip ? compressed : gunzipSync(compressed));
  };
}
