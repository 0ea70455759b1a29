import { html } from 'hono/html';
import type { Html } from './layout.ts';

/** Why the last form was refused. Its id is what the fields refer to. */
export const problemNote = (problem: string | null): Html | '' =>
  problem === null ? '' : html`<p class="problem" id="problem" role="alert">${problem}</p>`;

/** The password field. The hidden field with the address is for the browser's password manager. */
export const passwordField = (
  label: string,
  email: string,
  invalid: boolean,
): Html => html`<input name="account" type="email" autocomplete="username" value="${email}" readonly hidden>
<label for="password">${label}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required autofocus aria-describedby="${invalid ? 'problem' : ''}" aria-invalid="${String(invalid)}">
`;

/**
 * The form for a person who did not cause the mail.
 * @param action where the form goes; the address of the page unless given
 */
export const disownForm = (
  texts: { explain: string; button: string },
  action?: string,
): Html => html`<form method="post"${action === undefined ? '' : html` action="${action}"`} class="other">
<p>${texts.explain}</p>
<input type="hidden" name="disown" value="yes">
<button class="quiet">${texts.button}</button>
</form>`;
