import { html } from 'hono/html';
import type { TokenPurpose } from '../db/token-purposes.ts';
import { type RouteContext, type Routes, serve } from '../dialects/routes.ts';
import { type MailedLink, readMailedLink } from '../flows/account/read-mailed-link.ts';
import type { Caller } from '../flows/shared/caller.ts';
import { disownForm, passwordField, problemNote } from './form-parts.ts';
import { readForm } from './forms.ts';
import { callerOf, codeOf, openerOf, pathOf, type Site, showDone, showInvalidLink, tokenOf } from './site.ts';
import type { ConfirmTexts } from './texts.ts';

export type ConfirmPage = {
  purpose: TokenPurpose;
  texts: ConfirmTexts;
  confirm(caller: Caller, input: { token: string; password: string }): Promise<unknown>;
  /** Facts that tell the person what they would confirm: labels and values. */
  facts(link: MailedLink): [string, string][];
  /** The form for a person who did not cause the mail; null if it is enough that they close the page. */
  disown: Disown | null;
};

type Disown = {
  texts: { explain: string; button: string };
  /** Runs when the person sends the form. @returns the address of the next page, relative to this one */
  run(caller: Caller, token: string): Promise<string>;
};

/**
 * Adds a page whose button does what the link was mailed for. If the account has a password, the page asks for it. Opening
 * the page does not use the token up, since mail scanners open links too.
 */
export function addConfirmPage(routes: Routes, site: Site, page: ConfirmPage): void {
  const { purpose, texts, confirm, facts, disown } = page;
  const { deps } = site;

  async function showForm(c: RouteContext, problem: string | null): Promise<Response> {
    const link = await readMailedLink(deps, openerOf(site, c), { purpose, token: tokenOf(c) });
    if (link === null) return showInvalidLink(site, c);
    const body = html`<p>${texts.explain}</p>
<dl><dt>${site.texts.address}</dt><dd>${link.email}</dd>${facts(link).map(
      ([label, value]) => html`<dt>${label}</dt><dd>${value}</dd>`,
    )}</dl>
${problemNote(problem)}
<form method="post" accept-charset="utf-8">
${link.needsPassword ? passwordField(site.texts.password, link.email, problem !== null) : ''}<button>${texts.button}</button>
</form>${disown === null ? '' : disownForm(disown.texts)}`;
    return site.show(c, { status: problem === null ? 200 : 400, title: texts.title, body });
  }

  serve(routes, pathOf(purpose), {
    GET: (c) => showForm(c, null),
    async POST(c) {
      const form = await readForm(deps, c.env.incoming);
      const caller = callerOf(site, c);
      if (disown !== null && form.has('disown')) {
        const next = await disown.run(caller, tokenOf(c)).catch(nullIfInvalidLink);
        return next === null ? showInvalidLink(site, c) : c.redirect(next, 303);
      }
      const confirming = confirm(caller, { token: tokenOf(c), password: form.get('password') ?? '' });
      switch (await codeOf(confirming)) {
        case null:
          return showDone(site, c, texts);
        case 'required':
          return showForm(c, site.texts.problems.noPassword);
        case 'invalid_credentials':
          return showForm(c, site.texts.problems.wrongPassword);
        default:
          return showInvalidLink(site, c);
      }
    },
  });
}

/** Returns null if the link is not valid any more. Throws every other error on. */
async function nullIfInvalidLink(error: unknown): Promise<null> {
  const code = await codeOf(Promise.reject(error));
  if (code === 'invalid_token') return null;
  throw error;
}
