import { html } from 'hono/html';
import type { Config } from '../config/config.ts';
import type { newPasswordErrors } from '../dialects/errors.ts';
import { problemNote } from './form-parts.ts';
import type { Html } from './layout.ts';
import type { PageTexts } from './texts.ts';

type PasswordRules = Config['passwords'];

/** Why a password is refused, as an error code. */
type Refusal = (typeof newPasswordErrors)[number];

const groupsOf = ({ requiredCharacters }: PasswordRules): string => requiredCharacters.join('   ');

function ruleOf(texts: PageTexts, rules: PasswordRules): string {
  const length = texts.passwordRule(rules.minLength);
  if (rules.requiredCharacters.length === 0) return length;
  return `${length} ${texts.passwordCharacters(groupsOf(rules))}`;
}

/** What the form says about a refused password. */
export function passwordProblem({ problems }: PageTexts, rules: PasswordRules, code: Refusal): string {
  const words = {
    min_length: problems.tooShort(rules.minLength),
    missing_characters: problems.missingCharacters(groupsOf(rules)),
    leaked_password: problems.leaked,
    max_length: problems.tooLong,
  };
  return words[code];
}

type PasswordForm = {
  /** For the browser's password manager. */
  email: string;
  rules: PasswordRules;
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
  const { email, rules, problem, explain = reset.explain, button = reset.button, name } = form;
  const invalid = problem !== null;
  return html`<p>${explain}</p>
${problemNote(problem)}
<form method="post" accept-charset="utf-8">
<label for="account">${reset.account}</label>
<input id="account" name="account" type="email" autocomplete="username" value="${email}" readonly>
${name === undefined ? '' : nameField(name)}<label for="new-password">${reset.password}</label>
<p class="hint" id="rule">${ruleOf(texts, rules)}</p>
<input id="new-password" name="new_password" type="password" autocomplete="new-password" required ${name === undefined ? 'autofocus' : ''} aria-describedby="${invalid ? 'problem ' : ''}rule" aria-invalid="${String(invalid)}">
<label for="repeat">${reset.repeat}</label>
<input id="repeat" name="repeat" type="password" autocomplete="new-password" required aria-invalid="${String(invalid)}">
<button>${button}</button>
</form>`;
}
