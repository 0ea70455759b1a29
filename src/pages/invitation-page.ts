import { html } from 'hono/html';
import { INVITATION_PATH } from '../db/token-purposes.ts';
import { type RouteContext, type Routes, serve } from '../dialects/routes.ts';
import { acceptInvitation, type OpenInvitation, readInvitation } from '../flows/account/accept-invitation.ts';
import { plainWords } from '../mail/plain-words.ts';
import { MAX_NAME_LENGTH } from '../users/attributes.ts';
import { readForm } from './forms.ts';
import { passwordForm, passwordProblem } from './password-form.ts';
import {
  callerOf,
  codeOf,
  continueButton,
  openerOf,
  type Site,
  showDone,
  showInvalidLink,
  tokenOf,
} from './site.ts';

/** What the person typed, and why it was refused; both empty at first. */
type Attempt = { name: string; problem: string | null };

const FIRST: Attempt = { name: '', problem: null };

function explain({ deps, texts }: Site, { invite }: OpenInvitation): string {
  const host = new URL(deps.config.publicUrl).host;
  if (invite === null) return texts.invitation.explain(host);
  const team = plainWords(invite.team) ?? texts.invite.unnamed; // names that others chose, as in the mail
  return texts.invitation.explainTeam(plainWords(invite.inviter ?? ''), team, host);
}

async function showForm(site: Site, c: RouteContext, { name, problem }: Attempt): Promise<Response> {
  const { deps, texts } = site;
  const invitation = await readInvitation(deps, openerOf(site, c), { token: tokenOf(c) });
  if (invitation === null) return showInvalidLink(site, c);
  const { title, button, name: label } = texts.invitation;
  const body = passwordForm(texts, {
    ...{ email: invitation.email, rules: deps.config.passwords, problem },
    ...{ explain: explain(site, invitation), button, name: { label, value: name } },
  });
  return site.show(c, { status: problem === null ? 200 : 400, title, body });
}

const showTaken = (site: Site, c: RouteContext): Promise<Response> => {
  const { takenTitle, taken } = site.texts.invitation;
  const body = html`<p role="alert">${taken}</p>${continueButton(site)}`;
  return site.show(c, { status: 400, title: takenTitle, body });
};

async function accept(site: Site, c: RouteContext): Promise<Response> {
  const { deps, texts } = site;
  const { problems } = texts;
  const form = await readForm(deps, c.env.incoming);
  const name = form.get('name') ?? '';
  const password = form.get('new_password') ?? '';
  const again = (problem: string) => showForm(site, c, { name, problem });
  if (name.trim() === '') return again(problems.badName);
  if (password !== '' && password !== form.get('repeat')) return again(problems.mismatch);
  const accepting = acceptInvitation(deps, callerOf(site, c), { token: tokenOf(c), name, password });
  const code = await codeOf(accepting, ['already_registered', 'invalid']);
  switch (code) {
    case null:
      return showDone(site, c, texts.invitation);
    case 'required':
      return again(problems.missing);
    case 'min_length':
    case 'missing_characters':
    case 'leaked_password':
      return again(passwordProblem(texts, deps.config.passwords, code));
    case 'max_length':
      return again([...name].length > MAX_NAME_LENGTH ? problems.badName : problems.tooLong);
    case 'invalid':
      return again(problems.badName);
    case 'already_registered':
      return showTaken(site, c);
    default:
      return showInvalidLink(site, c);
  }
}

/** Adds the page by which an invited person creates an account. Opening it does not use the token up. */
export function addInvitationPage(routes: Routes, site: Site): void {
  serve(routes, `${INVITATION_PATH}/:token`, {
    GET: (c) => showForm(site, c, FIRST),
    POST: (c) => accept(site, c),
  });
}
