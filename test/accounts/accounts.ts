import { type Arrived, startSmtp, type TestSmtp } from '../mail/smtp.ts';
import {
  bearer,
  newPerson,
  type Person,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { proveAddress as prove } from '../teams/people.ts';

const AUTH =
  'accessToken refreshToken teamToken user { id email name emailVerified memberships { role team { id name } } }';
const mutation = (name: string, input: string, selection: string) =>
  `mutation Do($input: ${input}) { ${name}(input: $input) { ${selection} } }`;

export const VERIFY = mutation('verifyEmail', 'VerifyEmailInput!', AUTH);
export const RESEND = mutation('resendEmailVerification', 'ResendEmailVerificationInput', 'ok');
export const FORGOT = mutation('forgotPassword', 'ForgotPasswordInput!', 'ok');
export const RESET = mutation('resetPassword', 'ResetPasswordInput!', 'ok');
export const CHANGE_PASSWORD = mutation('changePassword', 'ChangePasswordInput!', 'ok');
export const CHANGE_EMAIL = mutation('changeEmail', 'ChangeEmailInput!', 'ok');
export const CONFIRM_EMAIL = mutation('confirmEmailChange', 'ConfirmEmailChangeInput!', 'ok');
export const UPDATE_PROFILE = mutation('updateProfile', 'UpdateProfileInput!', 'id name');
export const DELETE_ACCOUNT = mutation('deleteAccount', 'DeleteAccountInput!', 'ok');
export const DISABLE = mutation('disableAccount', 'AccountInput!', 'userId disabledAt');
export const ENABLE = mutation('enableAccount', 'AccountInput!', 'userId disabledAt');
export const EMAIL_EXISTS = 'query Exists($email: String!) { emailExists(email: $email) }';

type Purpose = 'verify-email' | 'reset-password' | 'change-email' | 'invitation';

/** A gateway whose mails arrive at a real SMTP server. */
export type Accounts = {
  gateway: TestGateway;
  smtp: TestSmtp;
  /** Waits until an address has `count` mails whose link is of this purpose, and returns the last of them. */
  mail(email: string, purpose: Purpose, count?: number): Promise<Arrived>;
  /** Waits until an address has `count` mails with these words in the subject, and returns the last of them. */
  notice(email: string, words: RegExp, count?: number): Promise<Arrived>;
  close(): Promise<void>;
};

export async function startAccounts(env: Record<string, string> = {}): Promise<Accounts> {
  const smtp = await startSmtp();
  const gateway = await startGateway({ env: { SMTP_URL: smtp.url, ...env } });
  const arrived = async (fits: (mail: Arrived) => boolean, count: number): Promise<Arrived> => {
    for (let wait = 0; wait < 1200; wait++) {
      const found = smtp.mails.filter(fits);
      if (found.length >= count) return found[count - 1] as Arrived;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(
      `The mail did not come: ${smtp.mails.map(({ to, subject }) => `${to} ${subject}`).join('; ')}`,
    );
  };
  return {
    gateway,
    smtp,
    mail: (email, purpose, count = 1) =>
      arrived(({ to, link }) => to.includes(email) && link.includes(`/mail/${purpose}/`), count),
    notice: (email, words, count = 1) =>
      arrived(({ to, subject }) => to.includes(email) && words.test(subject), count),
    async close() {
      await gateway.close();
      await smtp.stop();
    },
  };
}

export type Member = Person & SignedInAnswer & { headers: Record<string, string> };

/** Signs up a person, who owns a team only if `teamName` is given. */
export async function join(
  { gateway }: Pick<Accounts, 'gateway'>,
  overrides: Partial<Person> = {},
): Promise<Member> {
  const { teamName: _, ...person } = newPerson(overrides);
  const given = overrides.teamName === undefined ? person : { ...person, teamName: overrides.teamName };
  const signedIn = await signUp(gateway, given);
  return { ...given, ...signedIn, headers: bearer(signedIn.accessToken) };
}

/** Ends the waiting time between two mails to one address, as if a minute had passed. */
export const passSpacing = (gateway: TestGateway) =>
  gateway.sql`update portcullis_private.rate_limits set resets_at = now() - interval '1 minute' where key like 'mail\\_%'`;

/** Marks the person's address as proven. */
export const proveAddress = (gateway: TestGateway, { user }: Member) => prove(gateway, user.id);

/** The code and the attribute, if any, of the one error. */
export const codeOf = async (failing: Promise<unknown>): Promise<string> => {
  const [
    {
      extensions: { code, attribute },
    },
  ] = (await failing) as [{ extensions: { code: string; attribute: string | null } }];
  return attribute === null ? code : `${code} ${attribute}`;
};

/** The security events of an account, oldest first. `null` selects the events without a user. */
export const eventsOf = async (gateway: TestGateway, userId: string | null): Promise<string[]> => {
  const rows = await gateway.sql`
    select action, outcome from portcullis.security_events
    where user_id is not distinct from ${userId} order by created_at, id`;
  return rows.map(({ action, outcome }) => (outcome === 'success' ? action : `${action} ${outcome}`));
};

/** Makes a call several times at once. Returns `done` or the error code of each call, sorted. */
export async function allAtOnce(times: number, run: () => Promise<unknown>): Promise<string[]> {
  const outcomes = await Promise.allSettled(Array.from({ length: times }, run));
  return outcomes
    .map((outcome) =>
      outcome.status === 'fulfilled'
        ? 'done'
        : String(outcome.reason.response?.errors?.[0]?.extensions?.code ?? outcome.reason),
    )
    .sort();
}

type Form = Record<string, string> | string;

/** Opens a page, or submits its form if one is given. */
export async function openPage(
  gateway: TestGateway,
  path: string,
  form?: Form,
  headers: Record<string, string> = {},
) {
  const body = form === undefined || typeof form === 'string' ? form : new URLSearchParams(form);
  const response = await fetch(`${gateway.url}${path}`, {
    method: form === undefined ? 'GET' : 'POST',
    headers,
    ...(body !== undefined && { body }),
    redirect: 'manual',
  });
  const html = await response.text();
  const title = /<h1>(.*)<\/h1>/.exec(html)?.[1] ?? '';
  return { status: response.status, headers: response.headers, html, title };
}
