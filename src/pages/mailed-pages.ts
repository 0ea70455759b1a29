import { html } from 'hono/html';
import { purposes } from '../db/token-purposes.ts';
import { isUuid } from '../db/uuid.ts';
import { spellGatewayError } from '../dialects/errors.ts';
import { createRoutes, errorResponse, type RouteContext, type Routes, serve } from '../dialects/routes.ts';
import { AuthError } from '../errors.ts';
import { confirmEmailChange } from '../flows/account/change-email.ts';
import { disownSignup } from '../flows/account/disown-signup.ts';
import { type MailedLink, readMailedLink } from '../flows/account/read-mailed-link.ts';
import { resetPassword } from '../flows/account/reset-password.ts';
import { verifyEmail } from '../flows/account/verify-email.ts';
import { deviceWords, plainWords } from '../mail/plain-words.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { findInvite } from '../teams/invite-facts.ts';
import { addConfirmPage } from './confirm-page.ts';
import { readForm } from './forms.ts';
import { addInvitationPage } from './invitation-page.ts';
import { showPage } from './layout.ts';
import { addLinkPage } from './link-page.ts';
import { passwordForm, passwordProblem } from './password-form.ts';
import {
  callerOf,
  codeOf,
  continueButton,
  openerOf,
  pathOf,
  type Site,
  showDone,
  showInvalidLink,
  siteOf,
  tokenOf,
} from './site.ts';

/** Facts by which a person recognises whether they signed up themselves. */
function signUpFacts({ texts }: Site, { signUp }: MailedLink): [string, string][] {
  if (signUp === null) return [];
  const { time, device, address } = texts.signUp;
  return [
    [time, signUp.time],
    [device, deviceWords(signUp.device) ?? texts.signUp.unknown],
    ...(signUp.address === null ? [] : [[address, signUp.address] as [string, string]]),
  ];
}

/**
 * Facts by which the owner recognises an account. The address is masked, so that others do not learn it: `a…@example.com`.
 */
function accountFacts({ texts }: Site, { account }: MailedLink): [string, string][] {
  const name = plainWords(account?.name ?? ''); // it may be the name of another person
  const masked = account?.email?.replace(/^(.)[^@]*/u, '$1…') ?? null;
  return [
    ...(name === null ? [] : [[texts.account.name, name] as [string, string]]),
    ...(masked === null ? [] : [[texts.account.address, masked] as [string, string]]),
  ];
}

/** Adds the page of a password reset. If a password is refused, the token stays valid. */
function addResetPage(routes: Routes, site: Site): void {
  const { deps, texts } = site;
  const purpose = 'reset_password';
  const showForm = async (c: RouteContext, problem: string | null) => {
    const link = await readMailedLink(deps, openerOf(site, c), { purpose, token: tokenOf(c) });
    if (link === null) return showInvalidLink(site, c);
    const body = passwordForm(texts, { email: link.email, rules: deps.config.passwords, problem });
    return site.show(c, { status: problem === null ? 200 : 400, title: texts.reset.title, body });
  };
  serve(routes, pathOf(purpose), {
    GET: (c) => showForm(c, null),
    async POST(c) {
      const form = await readForm(deps, c.env.incoming);
      const newPassword = form.get('new_password') ?? '';
      const { problems } = texts;
      if (newPassword !== '' && newPassword !== form.get('repeat')) return showForm(c, problems.mismatch);
      const reset = resetPassword(deps, callerOf(site, c), { token: tokenOf(c), newPassword });
      const code = await codeOf(reset);
      switch (code) {
        case null:
          return showDone(site, c, texts.reset);
        case 'min_length':
        case 'missing_characters':
        case 'leaked_password':
        case 'max_length':
          return showForm(c, passwordProblem(texts, deps.config.passwords, code));
        case 'required':
          return showForm(c, problems.missing);
        default:
          return showInvalidLink(site, c);
      }
    },
  });
}

/**
 * Adds the page of an invite: who invites to which team, and how to accept. It does not show the address that this needs.
 */
function addInvitePage(routes: Routes, site: Site): void {
  const { deps, texts } = site;
  serve(routes, '/mail/invite/:inviteId', {
    async GET(c) {
      const inviteId = c.req.param('inviteId');
      const invite = isUuid(inviteId) ? await findInvite(deps.db, inviteId) : null;
      const { invite: words } = texts;
      if (invite === null)
        return site.show(c, { status: 410, title: words.goneTitle, body: html`<p>${words.gone}</p>` });
      const host = new URL(deps.config.publicUrl).host;
      const team = plainWords(invite.team) ?? words.unnamed; // names that others chose, as in the mail
      const body = html`<p>${words.explain(plainWords(invite.inviter ?? ''), team, host)}</p>
<ol>${words.steps.map((step) => html`<li>${step}</li>`)}</ol>
<p class="hint">${words.until(invite.expires)}</p>
${continueButton(site)}`;
      return site.show(c, { title: words.title(team), body });
    },
  });
}

/** Creates the pages that mailed links open. They do not sign in, and work without scripts. */
export function mailedPages(deps: GatewayDeps): Routes {
  const routes = createRoutes(deps, spellGatewayError);
  const site = siteOf(deps);
  const { verify, changeEmail } = site.texts;
  addConfirmPage(routes, site, {
    ...{ purpose: 'verify_email', texts: verify },
    confirm: (caller, input) => verifyEmail(deps, caller, input),
    facts: (link) => signUpFacts(site, link),
    disown: {
      texts: verify.disown,
      run: async (caller, token) =>
        `../${purposes.reset_password.page}/${await disownSignup(deps, caller, { token })}`,
    },
  });
  addConfirmPage(routes, site, {
    ...{ purpose: 'change_email', texts: changeEmail },
    confirm: (caller, input) => confirmEmailChange(deps, caller, { ...input, proof: 'required' }),
    facts: (link) => accountFacts(site, link),
    disown: null,
  });
  addResetPage(routes, site);
  addInvitePage(routes, site);
  addInvitationPage(routes, site);
  addLinkPage(routes, site);
  routes.onError((error, c) => showFailure(site, c, error));
  return routes;
}

function showFailure({ deps, texts: { failure, language } }: Site, c: RouteContext, error: Error) {
  // Logs the error, and sets its headers.
  const { status } = errorResponse(c, deps, error, spellGatewayError);
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
