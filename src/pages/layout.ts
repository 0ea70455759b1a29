import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { RouteContext } from '../dialects/routes.ts';

export type Html = ReturnType<typeof html>;

const STYLE = `
:root{color-scheme:light dark;--text:#1a1523;--soft:#5d566b;--page:#f5f3f8;--card:#fff;--line:#8b839b;--key:#5b3ba8;--on-key:#fff;--bad:#b3261e}
@media (prefers-color-scheme:dark){:root{--text:#eeeaf5;--soft:#b6aec6;--page:#17131f;--card:#221c2e;--line:#7d748f;--key:#b9a1f5;--on-key:#1d1333;--bad:#ffb4ab}}
*{box-sizing:border-box}[hidden]{display:none!important}
body{margin:0;background:var(--page);color:var(--text);font:1.0625rem/1.5 system-ui,sans-serif}
main{max-width:30rem;margin:0 auto;padding:10vh 1rem 2rem}
.card{background:var(--card);border-radius:.75rem;padding:1.75rem;overflow-wrap:anywhere;box-shadow:0 1px 3px #0003}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}
p,ol,dl{margin:0 0 1rem}ol{padding-left:1.25rem}li{margin-bottom:.5rem}
dt,.hint,.site{color:var(--soft);font-size:.9375rem}dd{margin:0;font-weight:600}dd+dt{margin-top:.5rem}
label{display:block;font-weight:600;margin-bottom:.25rem}
input{display:block;width:100%;font:inherit;color:inherit;background:transparent;padding:.625rem .75rem;border:1px solid var(--line);border-radius:.5rem;margin-bottom:1rem}
input[readonly]{border-style:dashed}
input[aria-invalid=true]{border-color:var(--bad);border-width:2px}
button,.button{display:block;width:100%;font:inherit;font-weight:600;text-align:center;text-decoration:none;color:var(--on-key);background:var(--key);border:0;border-radius:.5rem;padding:.75rem 1rem;cursor:pointer}
:focus-visible{outline:3px solid var(--key);outline-offset:2px}
button.quiet{color:var(--key);background:transparent;border:1px solid var(--key)}
.other{border-top:1px solid var(--line);margin-top:1.5rem;padding-top:1.25rem}
.problem{color:var(--bad);font-weight:600}
.site{text-align:center;margin-top:1.5rem}
form>:last-child,.card>:last-child{margin-bottom:0}
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** No script, one style, and forms only to this server, and where it leads on. */
const policy = (formTargets: readonly string[]): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    ["form-action 'self'", ...formTargets].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

type PageContent = {
  status?: 200 | 400 | 403 | 410 | 413 | 405 | 429 | 500 | 503;
  language: string;
  title: string;
  site: string;
  body: Html;
  /** Where a form of the page leads in the end, besides this server. Browsers check the redirects of a form too. */
  formTargets?: readonly string[];
};

/**
 * Shows a page without scripts or files of other servers. Its address may hold a token, so it sends no referrer and is not
 * cached.
 */
export async function showPage(c: RouteContext, content: PageContent): Promise<Response> {
  const { status = 200, language, title, site, body, formTargets = [] } = content;
  c.header('content-security-policy', policy(formTargets));
  c.header('referrer-policy', 'no-referrer');
  c.header('cache-control', 'no-store');
  c.header('x-robots-tag', 'noindex');
  const page = html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${raw(STYLE)}</style>
</head>
<body>
<main>
<div class="card">
<h1>${title}</h1>
${body}
</div>
<p class="site">${site}</p>
</main>
</body>
</html>`;
  return c.html(await page, status);
}
