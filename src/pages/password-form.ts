import { html } from 'hono/html';
import type { Html } from './layout.ts';
import type { PageTexts } from './texts.ts';

type PasswordForm = {
  /** For the browser's password manager. */
  email: string;
  minLength: number;
  /** Why the last password was refused; null at first. */
  problem: string | null;
  /** What the page says, if it does not reset a password. */
  explain?: string;
  button?: string;
  /** A field for the name of a new account, and what was typed. */
  name?: { label: string; value: string };
};

const nameField = ({
  label,
  value,
}: NonNullable<PasswordForm['name']>): Html => html`<label for="name">${label}</label>
<input id="name" name="name" autocomplete="name" value="${value}" required>
`;

/** The form with two fields for a new password. What was typed as a password is never sent back. */
export function passwordForm(texts: PageTexts, form: PasswordForm): Html {
  const { reset } = texts;
  const { email, minLength, problem, explain = reset.explain, button = reset.button, name } = form;
  const invalid = problem !== null;
  return html`<p>${explain}</p>
${problem === null ? '' : html`<p class="problem" id="problem" role="alert">${problem}</p>`}
<form method="post" accept-charset="utf-8">
<label for="account">${reset.account}</label>
<input id="account" name="account" type="email" autocomplete="username" value="${email}" readonly>
${name === undefined ? '' : nameField(name)}<label for="new-password">${reset.password}</label>
<p class="hint" id="rule">${texts.passwordRule(minLength)}</p>
<input id="new-password" name="new_password" type="password" autocomplete="new-password" required ${name === undefined ? 'autofocus' : ''} aria-describedby="${invalid ? 'problem ' : ''}rule" aria-invalid="${String(invalid)}">
<label for="repeat">${reset.repeat}</label>
<input id="repeat" name="repeat" type="password" autocomplete="new-password" required aria-invalid="${String(invalid)}">
<button>${button}</button>
</form>`;
}
