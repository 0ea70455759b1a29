import { html } from 'hono/html';
import { gotrue } from '../dialects/gotrue/gotrue.ts';
import { openLink } from '../dialects/gotrue/open-link.ts';
import { type RouteContext, type Routes, serve } from '../dialects/routes.ts';
import { type CodeLink, checkLinkAnswer, readCodeLink } from '../flows/account/read-code-link.ts';
import { LINK_PAGE } from '../flows/shared/code-link.ts';
import { emailTypes, isEmailType } from '../flows/shared/code-types.ts';
import { resolveRedirect } from '../redirects/redirects.ts';
import { identifyCaller } from '../request/caller.ts';
import { disownForm, passwordField, problemNote } from './form-parts.ts';
import { readForm } from './forms.ts';
import { codeOf, openerOf, type Site, showInvalidLink } from './site.ts';
import type { PageTexts } from './texts.ts';

/** Where the GoTrue dialect serves its links. */
const LINKS = ['', ...(gotrue.aliases ?? [])].map((place) => `${place}/verify`);

type Asked = { token: string; type: string; redirect_to?: string };

function askedOf(c: RouteContext): Asked {
  const { token = '', type = '', redirect_to: target } = c.req.query();
  return { token, type, ...(target !== undefined && { redirect_to: target }) };
}

/** What the page says about a link of this purpose. */
function wordsOf({ link }: PageTexts, { purpose, needsPassword }: CodeLink) {
  if (purpose === 'signup') return needsPassword ? link.signUpWithPassword : link.signUp;
  if (purpose === 'invite' || purpose === 'recovery') return link[purpose];
  return purpose === 'magiclink' ? link.signIn : link.emailChange;
}

/** Where the form leads in the end, as a content security policy names it: browsers check the redirect of a form too. */
const sourceOf = (target: string): string => {
  const { protocol, origin } = new URL(target);
  return origin === 'null' ? protocol : origin;
};

/** Shows what a link would do, with a button that does it. Returns null if the link is not good any more. */
async function showLink(site: Site, c: RouteContext, problem: string | null): Promise<Response | null> {
  const { deps, texts } = site;
  const asked = askedOf(c);
  if (!isEmailType(asked.type)) return null;
  const link = await readCodeLink(deps, openerOf(site, c), { ...asked, purposes: emailTypes[asked.type] });
  if (link === null) return null;
  const { title, explain, button } = wordsOf(texts, link);
  const action = `${LINK_PAGE}?${new URLSearchParams(asked)}`;
  const target = resolveRedirect(deps.config, [asked.redirect_to, link.redirectTo]);
  const body = html`<p>${explain}</p>
<dl><dt>${texts.address}</dt><dd>${link.email}</dd></dl>
${problemNote(problem)}
<form method="post" action="${action}" accept-charset="utf-8">
${link.needsPassword ? passwordField(texts.password, link.email, problem !== null) : ''}<button>${button}</button>
</form>${link.needsPassword ? disownForm(texts.link.disown, action) : ''}`;
  const status = problem === null ? 200 : 400;
  return site.show(c, { status, title, body, formTargets: [sourceOf(target)] });
}

/** Shows the page of a link, or that the link is not good any more. */
const showLinkOrInvalid = async (site: Site, c: RouteContext, problem: string | null): Promise<Response> =>
  (await showLink(site, c, problem)) ?? showInvalidLink(site, c);

async function answerForm(site: Site, c: RouteContext): Promise<Response> {
  const { deps, texts } = site;
  const form = await readForm(deps, c.env.incoming);
  const asked = askedOf(c);
  if (!isEmailType(asked.type)) return showInvalidLink(site, c);
  const purposes = emailTypes[asked.type];
  const answer = { password: form.get('password') ?? '', disowns: form.has('disown') };
  const caller = identifyCaller(deps, c.env.incoming);
  const checking = checkLinkAnswer(deps, caller, { token: asked.token, purposes, ...answer });
  const { problems } = texts;
  switch (await codeOf(checking)) {
    case null:
      break;
    case 'required':
      return showLinkOrInvalid(site, c, problems.noPassword);
    case 'invalid_credentials':
      return showLinkOrInvalid(site, c, problems.wrongPassword);
    default:
      return showInvalidLink(site, c);
  }
  return openLink(c, deps, { request: c.env.incoming, caller }, asked, await checking);
}

/**
 * Adds the page that a mailed link of a code opens. Opening it does not use the link up, since mail scanners open links too. With
 * LINK_CONFIRMATION the links of the GoTrue dialect show it. A link that is not good any more leads back to the application there.
 */
export function addLinkPage(routes: Routes, site: Site): void {
  const { config } = site.deps;
  serve(routes, LINK_PAGE, {
    GET: (c) => showLinkOrInvalid(site, c, null),
    POST: (c) => answerForm(site, c),
  });
  if (!config.codes.linkConfirmation || !config.dialects.includes('gotrue')) return;
  for (const path of LINKS)
    routes.get(path, async (c, next) => {
      const page = c.req.method === 'GET' ? await showLink(site, c, null) : null;
      if (page !== null) return page;
      await next();
      return undefined;
    });
}
