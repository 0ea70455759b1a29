import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';
import { exampleTabs } from './graphiql-examples.ts';

/** The page holds its scripts and styles inline, and its editor starts workers from blobs; it calls this origin only. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "worker-src 'self' blob: data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

async function renderPage(): Promise<Buffer> {
  // 9 MB of HTML: imported when somebody first looks at it, and kept compressed.
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const [first, ...others] = exampleTabs;
  const html = renderGraphiQL({
    title: 'Portcullis',
    endpoint: '/graphql',
    defaultQuery: first.query,
    defaultTabs: [first, ...others],
    shouldPersistHeaders: false,
  } as Parameters<typeof renderGraphiQL>[0]);
  return promisify(gzip)(String(html));
}

/** GraphiQL, whole and from this server alone: it needs no internet. */
export function createGraphiQLPage() {
  let page: Promise<Buffer> | undefined;
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    page ??= renderPage();
    page.catch(() => (page = undefined));
    const compressed = await page;
    const acceptsGzip = String(request.headers['accept-encoding'] ?? '').includes('gzip');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.setHeader('content-security-policy', CONTENT_SECURITY_POLICY);
    response.setHeader('vary', 'accept, accept-encoding');
    if (acceptsGzip) response.setHeader('content-encoding', 'gzip');
    response.end(acceptsGzip ? compressed : gunzipSync(compressed));
  };
}
