import { html } from 'hono/html';
import type { Html } from './layout.ts';
import type { PageTexts } from './texts.ts';

type PasswordForm = {
  /** For the browser's password manager. */
  email: string;
  minLength: number;
  /** Why the last password was refused; null at first. */
  problem: string | null;
};

/** The form with two fields for a new password. What was typed is never sent back. */
export function passwordForm(texts: PageTexts, { email, minLength, problem }: PasswordForm): Html {
  const { reset } = texts;
  const invalid = problem !== null;
  return html`<p>${reset.explain}</p>
${problem === null ? '' : html`<p class="problem" id="problem" role="alert">${problem}</p>`}
<form method="post" accept-charset="utf-8">
<label for="account">${reset.account}</label>
<input id="account" name="account" type="email" autocomplete="username" value="${email}" readonly>
<label for="new-password">${reset.password}</label>
<p class="hint" id="rule">${texts.passwordRule(minLength)}</p>
<input id="new-password" name="new_password" type="password" autocomplete="new-password" required autofocus aria-describedby="${invalid ? 'problem ' : ''}rule" aria-invalid="${String(invalid)}">
<label for="repeat">${reset.repeat}</label>
<input id="repeat" name="repeat" type="password" autocomplete="new-password" required aria-invalid="${String(invalid)}">
<button>${reset.button}</button>
</form>`;
}
