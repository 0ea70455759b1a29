import { html } from 'hono/html';
import { isUuid } from '../../db/uuid.ts';
import type { Deps } from '../../deps.ts';
import { AuthError } from '../../errors.ts';
import { confirmEmailChange } from '../../flows/change-email.ts';
import { resetPassword } from '../../flows/reset-password.ts';
import type { Caller } from '../../flows/sign-in.ts';
import { verifyEmail } from '../../flows/verify-email.ts';
import { identifyCaller } from '../../hasura/caller.ts';
import { findInvite } from '../../mail/facts.ts';
import { plainWords } from '../../mail/plain-words.ts';
import { findOneTimeToken } from '../../one-time-tokens/one-time-tokens.ts';
import type { TokenPurpose } from '../../one-time-tokens/tables.ts';
import { findUser } from '../../users/users.ts';
import { createRoutes, errorResponse, portalErrorBody, type RouteContext, type Routes } from '../routes.ts';
import { refuseMalformed } from '../target.ts';
import { readForm } from './forms.ts';
import { type Html, showPage } from './layout.ts';
import { passwordForm } from './password-form.ts';
import { type PageTexts, pageTexts } from './texts.ts';

/** What the pages of one gateway share. */
type Site = {
  deps: Deps;
  texts: PageTexts;
  show(c: RouteContext, page: { status?: 200 | 400 | 410; title: string; body: Html }): Promise<Response>;
};

function siteOf(deps: Deps): Site {
  const texts = pageTexts(deps.config.mail.locale);
  const site = new URL(deps.config.publicUrl).host;
  return {
    deps,
    texts,
    show: (c, page) => showPage(c, { ...page, language: texts.language, site }),
  };
}

const onward = ({ deps: { config }, texts }: Site): Html | '' =>
  config.appUrl === null
    ? ''
    : html`<p><a class="button" href="${config.appUrl}" rel="noreferrer">${texts.onward}</a></p>`;

const showDone = (site: Site, c: RouteContext, { doneTitle, done }: { doneTitle: string; done: string }) =>
  site.show(c, { title: doneTitle, body: html`<p role="status">${done}</p>${onward(site)}` });

/** Used, replaced, expired, made up: all look alike. */
const showDead = (site: Site, c: RouteContext) =>
  site.show(c, { status: 410, title: site.texts.dead.title, body: html`<p>${site.texts.dead.explain}</p>` });

const tokenOf = (c: RouteContext): string => c.req.param('token') ?? '';
const callerOf = ({ deps }: Site, c: RouteContext): Caller => identifyCaller(deps, c.env.incoming).device;

/**
 * A page whose button does what the link was mailed for. Looking at it uses nothing up, since mail scanners open links too.
 */
function addConfirmPage(
  routes: Routes,
  site: Site,
  page: {
    path: string;
    purpose: TokenPurpose;
    texts: PageTexts['verify'];
    confirm: typeof verifyEmail;
    /** What else tells whoever looks what they would confirm: labels and values. */
    facts?: (userId: string) => Promise<[string, string][]>;
  },
): void {
  const { path, purpose, texts, confirm, facts = async () => [] } = page;
  addPage(routes, path, {
    async get(c) {
      const found = await findOneTimeToken(site.deps.db, { purpose, token: tokenOf(c) });
      if (found === null) return showDead(site, c);
      const body = html`<p>${texts.explain}</p>
<dl><dt>${site.texts.address}</dt><dd>${found.email}</dd>${(await facts(found.userId)).map(
        ([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`,
      )}</dl>
<form method="post"><button>${texts.button}</button></form>`;
      return site.show(c, { title: texts.title, body });
    },
    async post(c) {
      await readForm(site.deps, c.env.incoming);
      const refused = await codeOf(confirm(site.deps, callerOf(site, c), { token: tokenOf(c) }));
      return refused === null ? showDone(site, c, texts) : showDead(site, c);
    },
  });
}

/** By which its owner knows an account, and nobody else learns its address: `a…@example.com`. */
async function accountFacts({ deps, texts }: Site, userId: string): Promise<[string, string][]> {
  const user = await findUser(deps.db, userId);
  const name = plainWords(user?.name ?? ''); // the name of somebody else, perhaps
  const masked = user?.email?.replace(/^(.)[^@]*/u, '$1…') ?? null;
  return [
    ...(name === null ? [] : [[texts.account.name, name] as [string, string]]),
    ...(masked === null ? [] : [[texts.account.address, masked] as [string, string]]),
  ];
}

/** The page of a password reset: a refused password leaves the token as it is. */
function addResetPage(routes: Routes, site: Site): void {
  const { deps, texts } = site;
  const find = (token: string) => findOneTimeToken(deps.db, { purpose: 'reset_password', token });
  const showForm = async (c: RouteContext, problem: string | null) => {
    const found = await find(tokenOf(c));
    if (found === null) return showDead(site, c);
    const { minLength } = deps.config.passwords;
    const body = passwordForm(texts, { email: found.email, minLength, problem });
    return site.show(c, { status: problem === null ? 200 : 400, title: texts.reset.title, body });
  };
  addPage(routes, '/mail/reset-password/:token', {
    get: (c) => showForm(c, null),
    async post(c) {
      const form = await readForm(deps, c.env.incoming);
      const newPassword = form.get('new_password') ?? '';
      const { problems } = texts;
      if (newPassword !== '' && newPassword !== form.get('repeat')) return showForm(c, problems.mismatch);
      const reset = resetPassword(deps, callerOf(site, c), { token: tokenOf(c), newPassword });
      switch (await codeOf(reset)) {
        case null:
          return showDone(site, c, texts.reset);
        case 'min_length':
          return showForm(c, problems.tooShort(deps.config.passwords.minLength));
        case 'max_length':
          return showForm(c, problems.tooLong);
        case 'required':
          return showForm(c, problems.missing);
        default:
          return showDead(site, c);
      }
    },
  });
}

const EXPECTED = ['invalid_token', 'required', 'min_length', 'max_length'] as const;
type Expected = (typeof EXPECTED)[number];

/** Null where it succeeded, or the code of what a page can tell about; what it cannot is thrown on. */
async function codeOf(done: Promise<unknown>): Promise<Expected | null> {
  try {
    await done;
    return null;
  } catch (error) {
    const code =
      error instanceof AuthError ? EXPECTED.find((expected) => expected === error.code) : undefined;
    if (code === undefined) throw error;
    return code;
  }
}

/** Says who invites to what, and how to accept: that takes the address, which the page does not tell. */
function addInvitePage(routes: Routes, site: Site): void {
  const { deps, texts } = site;
  addPage(routes, '/mail/invite/:inviteId', {
    async get(c) {
      const inviteId = c.req.param('inviteId');
      const invite = isUuid(inviteId) ? await findInvite(deps.db, inviteId) : null;
      const { invite: words } = texts;
      if (invite === null)
        return site.show(c, { status: 410, title: words.goneTitle, body: html`<p>${words.gone}</p>` });
      const host = new URL(deps.config.publicUrl).host;
      const team = plainWords(invite.team) ?? words.unnamed; // names of others, as in the mail
      const body = html`<p>${words.explain(plainWords(invite.inviter ?? ''), team, host)}</p>
<ol>${words.steps.map((step) => html`<li>${step}</li>`)}</ol>
<p class="hint">${words.until(invite.expires)}</p>
${onward(site)}`;
      return site.show(c, { title: words.title(team), body });
    },
  });
}

type PageHandlers = {
  get(c: RouteContext): Promise<Response>;
  post?(c: RouteContext): Promise<Response>;
};

function addPage(routes: Routes, path: string, { get, post }: PageHandlers): void {
  routes.use(path, (c, next) => {
    refuseMalformed(c.env.incoming);
    return next();
  });
  routes.get(path, get);
  if (post !== undefined) routes.post(path, post);
  routes.all(path, (c) => {
    c.header('allow', post === undefined ? 'GET' : 'GET, POST');
    throw new AuthError('method_not_allowed');
  });
}

/** The pages that mailed links open. They sign nobody in, and work without scripts. */
export function mailedPages(deps: Deps): Routes {
  const routes = createRoutes(deps, portalErrorBody);
  const site = siteOf(deps);
  const { verify, changeEmail } = site.texts;
  addConfirmPage(routes, site, {
    ...{ path: '/mail/verify-email/:token', purpose: 'verify_email', texts: verify, confirm: verifyEmail },
  });
  addConfirmPage(routes, site, {
    ...{ path: '/mail/change-email/:token', purpose: 'change_email', texts: changeEmail },
    confirm: confirmEmailChange,
    facts: (userId) => accountFacts(site, userId),
  });
  addResetPage(routes, site);
  addInvitePage(routes, site);
  routes.onError((error, c) => showFailure(site, c, error));
  return routes;
}

function showFailure({ deps, texts: { failure, language } }: Site, c: RouteContext, error: Error) {
  // Logs it and sets what headers the error asks for.
  const { status } = errorResponse(c, deps, error, portalErrorBody);
  const code = error instanceof AuthError ? error.code : 'internal_error';
  const explain =
    code === 'cross_site_request'
      ? failure.crossSite
      : status === 503 || status === 429
        ? failure.busy
        : failure.unexpected;
  const requestId = String(c.env.outgoing.getHeader('x-request-id'));
  const body = html`<p role="alert">${explain}</p><p class="hint">${failure.requestId}: ${requestId}</p>`;
  const site = new URL(deps.config.publicUrl).host;
  return showPage(c, { status: status as 500, language, title: failure.title, site, body });
}
