import { recordSecurityEvent } from '../../audit/security-events.ts';
import type { CaptchaPurpose } from '../../config/config.ts';
import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { beginFlow } from '../../flow-states/flow-states.ts';
import type { MailKind } from '../../mail/kinds.ts';
import { attemptMail, waitForMail } from '../../mail/limits.ts';
import { enqueueMail } from '../../mail/queue.ts';
import { type CodePurpose, requestCode, WAITING_SECONDS } from '../../one-time-codes/one-time-codes.ts';
import { resolveRedirect } from '../../redirects/redirects.ts';
import { recordSent } from '../../users/account-details.ts';
import { parseEmail } from '../../users/attributes.ts';
import { type FoundUser, findUserByEmail, lockUser } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import { admitCaller, countCaller } from './captcha-demand.ts';
import type { LimitedOperation } from './counters.ts';
import type { Deps } from './deps.ts';

/** The purposes of codes that go to an address. */
export type MailedPurpose = Exclude<CodePurpose, 'sms' | 'phone_change'>;

/** The mail that brings the code of a purpose, and the detail of the account that keeps when it was asked for. */
const mailsOfPurposes = {
  signup: { kind: 'signup_code', sent: 'confirmationSentAt' },
  invite: { kind: 'invite_code', sent: 'confirmationSentAt' },
  recovery: { kind: 'recovery_code', sent: 'recoverySentAt' },
  magiclink: { kind: 'magic_link', sent: 'recoverySentAt' },
  email_change_new: { kind: 'email_change_code', sent: 'emailChangeSentAt' },
  email_change_current: { kind: 'email_change_current_code', sent: 'emailChangeSentAt' },
  reauthentication: { kind: 'reauthentication_code', sent: 'reauthenticationSentAt' },
} as const satisfies Record<MailedPurpose, { kind: MailKind; sent: string }>;

/** Records that a code of a purpose is sent now. If the account does not exist, the same statement records nothing. */
export const recordCodeSent = (tx: Transaction, userId: string, purpose: MailedPurpose): Promise<void> =>
  recordSent(tx, userId, mailsOfPurposes[purpose].sent);

/** Where the link of a code leads. */
export type CodeReturn = Readonly<{
  /** What the request says, in the order of precedence. A target that is not allowed is passed over. */
  redirects: readonly (string | null | undefined)[];
  /** The S256 challenge of PKCE; null if the link signs in by itself. */
  codeChallenge: string | null;
}>;

/** The id of no account, for a request that must not tell whether there is one. */
export const NO_ACCOUNT = '00000000-0000-0000-0000-000000000000';

/** A code to mail. */
type MailedCode = CodeReturn & {
  /** The account, and the address that the code proves; null for an address without an account, which takes the same statements. */
  to: { userId: string; email: string } | null;
  purpose: MailedPurpose;
  keepsPassword?: boolean | 'as before';
  isHalf?: boolean;
};

/**
 * Requests a code, and queues the mail that brings it. The caller has counted the mail. The code and link of an
 * earlier request for the same purpose stop working.
 */
export async function queueCode(
  tx: Transaction,
  { config }: Pick<Deps, 'config'>,
  by: Caller,
  { to, purpose, redirects, codeChallenge, ...options }: MailedCode,
): Promise<void> {
  const redirectTo = resolveRedirect(config, redirects);
  const ttlSeconds = WAITING_SECONDS + config.codes.mailSeconds;
  const flowStateId = await beginFlow(tx, { redirectTo, codeChallenge, ttlSeconds });
  const { userId, email: target } = to ?? { userId: NO_ACCOUNT, email: '' };
  await lockUser(tx, userId);
  const codeId = await requestCode(tx, { userId, purpose, target, flowStateId, ...options });
  await recordCodeSent(tx, userId, purpose);
  await recordSecurityEvent(tx, {
    action: 'code_requested',
    outcome: to === null ? 'failure' : 'success',
    userId: to?.userId ?? null,
    device: by.device,
    details: { purpose },
  });
  await enqueueMail(tx, to === null ? { kind: 'none' } : { kind: mailsOfPurposes[purpose].kind, codeId });
}

/** What a person without a session asks for. */
export type CodeRequest = CodeReturn & {
  email: string;
  captchaToken: string;
  /** How the edge spells `captchaToken`, for errors. */
  captchaAttribute?: string;
};

/** A code that a request leads to. Its recipient is null for no mail. */
export type Choice = Pick<MailedCode, 'to' | 'purpose' | 'keepsPassword' | 'isHalf'>;

type Terms = {
  /** The kind of mail that is counted. It depends on the request only, so that the limit does not tell which mail is sent. */
  kind: MailKind;
  operation: LimitedOperation;
  /** The captcha that the configuration may ask for. */
  captcha: CaptchaPurpose;
  /** Why the address gets an error; null if it does not. The error is counted for the caller. */
  refuse?(found: FoundUser | null): AuthError | null;
  /** Chooses the codes, in the transaction that mails them. Their number depends on the request only. */
  choose(tx: Transaction, found: FoundUser | null, email: string): Promise<readonly Choice[]>;
};

/**
 * Mails a code to an address, for a person who is not signed in. A known address, an unknown one and a disabled account get the same
 * answer after the same work. The spacing and the caps count addresses with and without an account alike, and so does their answer.
 *
 * @throws AuthError `required`, `invalid` (email), `required` or `captcha_failed` (captchaToken), `unavailable`, `rate_limited`, which has
 * `details.of` `mail` if the address had a mail just now
 */
export async function mailCode(deps: Deps, by: Caller, request: CodeRequest, terms: Terms): Promise<void> {
  const { captchaToken, captchaAttribute } = request;
  const { kind, operation, captcha, refuse, choose } = terms;
  if (request.email.trim() === '') throw new AuthError('required', { attribute: 'email' });
  const email = parseEmail(request.email);
  const demand = { operation, captchaToken, captchaAttribute, alwaysFor: captcha } as const;
  const admitted = await admitCaller(deps, by, demand);
  // Hammering one address does not hold connections, which the counting in a transaction would.
  const due = await waitForMail(deps, kind, email);
  if (due !== null) throw tooSoon(due);
  const found = await findUserByEmail(deps.db, email);
  const refusal = refuse?.(found) ?? null;
  if (refusal !== null) {
    await countCaller(deps, admitted);
    throw refusal;
  }
  const wait = await deps.db.transaction(async (tx) => {
    const seconds = await attemptMail(deps, kind, email, tx);
    if (seconds !== null) return seconds;
    for (const choice of await choose(tx, found, email))
      await queueCode(tx, deps, by, { ...request, ...choice });
    await countCaller(deps, admitted, tx); // last, since all callers without an address wait for each other here
    return null;
  });
  if (wait !== null) throw tooSoon(wait);
}

/** The error for a mail that is refused because the address had others. */
export const tooSoon = (retryAfterSeconds: number): AuthError =>
  new AuthError('rate_limited', { retryAfterSeconds, details: { of: 'mail' } });

/**
 * Counts the mail that the transaction queues (attemptMail).
 * @throws AuthError `rate_limited` with `details.of` `mail`
 */
export async function countMail(tx: Transaction, deps: Deps, kind: MailKind, email: string): Promise<void> {
  const wait = await attemptMail(deps, kind, email, tx);
  if (wait !== null) throw tooSoon(wait);
}

/** The recipient of a code: null for an account that may not have one. */
export const recipientOf = (found: FoundUser | null): MailedCode['to'] => {
  if (found === null || found.user.disabledAt !== null || found.user.email === null) return null;
  return { userId: found.user.id, email: found.user.email };
};
