import type { IncomingMessage } from 'node:http';
import { html } from 'hono/html';
import ipaddr from 'ipaddr.js';
import { isOneOf } from '../crypto/secrets.ts';
import { spellGatewayError } from '../dialects/errors.ts';
import { createRoutes, type RouteContext, type Routes, serve } from '../dialects/routes.ts';
import { AuthError } from '../errors.ts';
import type { MailInbox, ReceivedMail } from '../mail/inbox.ts';
import type { GatewayDeps } from '../request/deps.ts';

type Html = ReturnType<typeof html>;

/** No script, and no file of another server. The frame with a mail's HTML inherits this, and is sandboxed too. */
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #ddd}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f4f4f6;padding:1rem}iframe{width:100%;height:32rem;border:1px solid #ddd}`;

const page = (title: string, body: Html) => html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head>
<body><h1>${title}</h1>
${body}
</body>
</html>`;

const moment = (date: Date): string => date.toISOString().slice(0, 19).replace('T', ' ');

const listPage = (mails: readonly ReceivedMail[], home: string) =>
  page(
    'Mail inbox',
    html`<p>Mails that this gateway would have sent: <code>SMTP_URL</code> is not set. They are kept until it stops.</p>
${
  mails.length === 0
    ? html`<p>No mail has arrived yet.</p>`
    : html`<table><thead><tr><th>Received (UTC)</th><th>To</th><th>Subject</th></tr></thead><tbody>
${mails.map(
  ({ id, receivedAt, to, subject }) =>
    html`<tr><td>${moment(receivedAt)}</td><td>${to}</td><td><a href="${home}/${id}">${subject}</a></td></tr>
`,
)}</tbody></table>`
}`,
  );

/** Makes the links of a text clickable. They are the gateway's own, or an operator's. */
const withLinks = (text: string) =>
  text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((piece, index) =>
      index % 2 === 1 ? html`<a href="${piece}" rel="noreferrer">${piece}</a>` : piece,
    );

const mailPage = (mail: ReceivedMail, home: string) =>
  page(
    mail.subject,
    html`<p><a href="${home}">All mails</a></p>
<p>To ${mail.to}, ${moment(mail.receivedAt)} UTC, Message-ID ${mail.messageId}</p>
<h2>Text</h2>
<pre>${withLinks(mail.text)}</pre>
<h2>HTML</h2>
<iframe sandbox="" title="HTML" srcdoc="${mail.html}"></iframe>`,
  );

const FORWARDING_HEADERS = ['x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'via'];
const LOOPBACK_HOST = /^(localhost|[a-z0-9-]+\.localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

/**
 * Checks that the request comes from this machine: the peer is loopback, and no proxy forwarded the request. The Host must
 * be a loopback name too, since a foreign site may point its own name here (DNS rebinding). A proxy on this machine may hide
 * all of that, so the page needs the key too.
 * @throws AuthError `permission_denied`
 */
function requireLoopback({ env: { incoming } }: RouteContext): void {
  const { remoteAddress = '' } = incoming.socket;
  const isLoopback = ipaddr.isValid(remoteAddress) && ipaddr.process(remoteAddress).range() === 'loopback';
  const forwarded = FORWARDING_HEADERS.some((name) => incoming.headers[name] !== undefined);
  if (!isLoopback || forwarded || !LOOPBACK_HOST.test(incoming.headers.host ?? ''))
    throw new AuthError('permission_denied');
}

/** The path of the inbox. */
export const mailInboxPath = ({ key }: MailInbox): string => `/mail/inbox/${key}`;

/** Creates the inbox of mails that were not sent. It is shown on the gateway's machine, to clients that know the key. */
export function mailInboxRoutes(deps: GatewayDeps, inbox: MailInbox): Routes {
  const routes = createRoutes(deps, spellGatewayError);
  const show = async (c: RouteContext, content: Html) => {
    c.header('content-security-policy', POLICY);
    c.header('referrer-policy', 'no-referrer');
    return c.html(await content);
  };
  const before = (_request: IncomingMessage, c: RouteContext) => {
    if (!isOneOf([inbox.key], c.req.param('key') ?? '')) throw new AuthError('not_found');
    requireLoopback(c);
  };
  const home = mailInboxPath(inbox);
  serve(routes, '/mail/inbox/:key', { GET: (c) => show(c, listPage(inbox.list(), home)) }, { before });
  const one = (c: RouteContext) => {
    const mail = inbox.find(c.req.param('id') ?? '');
    if (mail === undefined) throw new AuthError('not_found');
    return show(c, mailPage(mail, home));
  };
  serve(routes, '/mail/inbox/:key/:id', { GET: one }, { before });
  return routes;
}
