import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { findFlow, issueAuthCode } from '../../flow-states/flow-states.ts';
import {
  type CodePurpose,
  findCodeByLink,
  guessCode,
  type OneTimeCode,
} from '../../one-time-codes/one-time-codes.ts';
import { mailedToken } from '../../sessions/opening.ts';
import { checkNewPassword, emailSpellings, parseEmail } from '../../users/attributes.ts';
import { unlessEmailTaken } from '../../users/users.ts';
import { type Caller, firstMissing } from '../shared/caller.ts';
import { isSignUp, typeOfPurpose } from '../shared/code-types.ts';
import { completeSignIn, type SignedIn, type TokenOptions } from '../shared/complete-sign-in.ts';
import { callerCounter } from '../shared/counters.ts';
import type { Deps } from '../shared/deps.ts';
import { recordFailedSignIn } from '../shared/failed-sign-in.ts';
import { hashNewPassword } from '../shared/hash-new-password.ts';
import { type OpenedFor, openSessionFor } from '../shared/open-session.ts';
import { type BesideCode, NOTHING_BESIDE, redeemMailedCode, requireEnabled } from '../shared/redeem-code.ts';

/** The tokens of the session. `half`: the code confirmed one half of a change, and the other address has to confirm it too. */
export type CodeSignIn = SignedIn | 'half';

type CodeOptions = TokenOptions & {
  purposes: readonly CodePurpose[];
  /** A password that the person sets, if the code is of a sign-up or an invitation. Empty: none. */
  password?: string;
};

const invalidCode = () => new AuthError('invalid_code', { attribute: 'code' });
const invalidLink = () => new AuthError('invalid_token', { attribute: 'token' });

/**
 * Signs in with a code that was mailed. It proves the mailbox (see proveMailbox). A code allows five guesses and works once. A wrong
 * code, a used one, and an address without a code or an account get the same answer after the same work.
 *
 * @throws AuthError `required` (email, then code), `invalid` (email), `invalid`, `max_length`, `min_length`, `missing_characters` or
 * `leaked_password` (password), `rate_limited`, `invalid_code` (code), `account_disabled`, `busy`, `no_signing_key`, `claims_failed`
 */
export async function signInWithMailedCode(
  deps: Deps,
  by: Caller,
  input: CodeOptions & { email: string; code: string },
): Promise<CodeSignIn> {
  const { purposes, password = '' } = input;
  const missing = firstMissing({ email: input.email.trim(), code: input.code });
  if (missing !== null) throw new AuthError('required', { attribute: missing });
  parseEmail(input.email);
  if (password !== '') checkNewPassword(password, deps.config.passwords);
  await deps.rateLimiter.consume([callerCounter(deps, by, 'codeGuess')]);
  const { canonical, former } = emailSpellings(input.email);
  const guess = { targets: [canonical, former], purposes, code: input.code };
  const code = await guessCode(deps.db, deps.codes, guess);
  if (code === null) {
    await recordFailedSignIn(deps, by, { userId: null, code: 'invalid_code' });
    throw invalidCode();
  }
  return (await signIn(deps, by, { ...input, found: code })) ?? refuse(invalidCode());
}

/**
 * Signs in with the token of a mailed link, for programs that read it from the link. It proves the mailbox, as the code does. The token
 * of a PKCE link works here too.
 *
 * @throws AuthError `required` (token), `invalid`, `max_length`, `min_length`, `missing_characters` or `leaked_password` (password),
 * `rate_limited`, `invalid_token` (token), `account_disabled`, `busy`, `no_signing_key`, `claims_failed`
 */
export async function signInWithMailedLink(
  deps: Deps,
  by: Caller,
  input: CodeOptions & { token: string },
): Promise<CodeSignIn> {
  const { password = '' } = input;
  if (password !== '') checkNewPassword(password, deps.config.passwords);
  const found = await findByLink(deps, by, input);
  return (await signIn(deps, by, { ...input, found })) ?? refuse(invalidLink());
}

/** What opening a link gives: the tokens, or the code that the client exchanges for them. */
export type FollowedLink = { redirectTo: string | null } & ({ signedIn: CodeSignIn } | { authCode: string });

/**
 * Does what a mailed link was mailed for, when a person opens it. With PKCE the person gets a code, which the client that began
 * the flow exchanges. Otherwise they get the tokens.
 *
 * @param input.beside what the page of the link asked for
 * @throws AuthError as signInWithMailedLink does
 */
export async function followMailedLink(
  deps: Deps,
  by: Caller,
  input: TokenOptions & { token: string; purposes: readonly CodePurpose[]; beside?: BesideCode },
): Promise<FollowedLink> {
  const found = await findByLink(deps, by, input);
  const flow = found.flowStateId === null ? null : await findFlow(deps.db, found.flowStateId);
  const redirectTo = flow?.redirectTo ?? null;
  if (flow === null || flow.codeChallenge === null) {
    const signedIn = (await signIn(deps, by, { ...input, found })) ?? refuse(invalidLink());
    return { redirectTo, signedIn };
  }
  await requireEnabled(deps, by, found);
  const beside = input.beside ?? NOTHING_BESIDE;
  const work = (tx: Transaction) => issueCode(tx, by, { found, beside, flowId: flow.id });
  const issued = await unlessEmailTaken(() => deps.db.transaction(work));
  if (issued === null) throw invalidLink();
  return issued === 'half' ? { redirectTo, signedIn: issued } : { redirectTo, ...issued };
}

const refuse = (error: AuthError): never => {
  throw error;
};

async function findByLink(
  deps: Deps,
  by: Caller,
  { token, purposes }: { token: string; purposes: readonly CodePurpose[] },
): Promise<OneTimeCode> {
  if (token === '') throw new AuthError('required', { attribute: 'token' });
  await deps.rateLimiter.consume([callerCounter(deps, by, 'codeGuess')]);
  const found = await findCodeByLink(deps.db, { token, purposes });
  if (found !== null) return found;
  await recordFailedSignIn(deps, by, { userId: null, code: 'invalid_token' });
  throw invalidLink();
}

/** Opens the session of a person whose code is good. Null if another attempt was faster. */
async function signIn(
  deps: Deps,
  by: Caller,
  input: TokenOptions & { found: OneTimeCode; password?: string; beside?: BesideCode },
): Promise<CodeSignIn | null> {
  const { found, ttlSeconds = deps.config.tokens.accessTtlSeconds, kind, form } = input;
  await requireEnabled(deps, by, found);
  const beside = input.beside ?? (await besideOf(deps, input));
  // Before the code is used up: without a key to sign with, it must stay good.
  const key = await deps.signer.currentKey(ttlSeconds);
  const work = (tx: Transaction) => open(tx, deps, by, { found, beside });
  const opened = await unlessEmailTaken(() => deps.db.transaction(work));
  if (opened === null || opened === 'half') return opened;
  return completeSignIn(deps, { ...opened, key, ttlSeconds, kind, form });
}

/** Hashes the password that the person sets, if the code is one with which they may set it. */
async function besideOf(
  deps: Deps,
  { found: { purpose }, password = '' }: { found: OneTimeCode; password?: string },
): Promise<BesideCode> {
  if (password === '' || !isSignUp(purpose)) return NOTHING_BESIDE;
  return { ...NOTHING_BESIDE, newPasswordHash: await hashNewPassword(deps, password) };
}

async function open(
  tx: Transaction,
  deps: Deps,
  by: Caller,
  { found, beside }: { found: OneTimeCode; beside: BesideCode },
): Promise<OpenedFor | 'half' | null> {
  const redeemed = await redeemMailedCode(tx, by, { code: found, beside });
  if (redeemed === null || redeemed === 'half') return redeemed;
  const { user } = redeemed;
  // The notice would go to the mailbox that the code came from.
  return openSessionFor(tx, deps, by, { user, action: 'login', by: mailedToken, knownDevice: true });
}

/** The way in which a link of a purpose signs in, as the claim `amr` names it. */
const methodOf = (purpose: CodePurpose): string =>
  purpose === 'signup' ? 'email/signup' : typeOfPurpose(purpose);

async function issueCode(
  tx: Transaction,
  by: Caller,
  { found, beside, flowId }: { found: OneTimeCode; beside: BesideCode; flowId: string },
): Promise<{ authCode: string } | 'half' | null> {
  const redeemed = await redeemMailedCode(tx, by, { code: found, beside });
  if (redeemed === null || redeemed === 'half') return redeemed;
  const { id: userId } = redeemed.user;
  const authCode = await issueAuthCode(tx, { flowId, userId, method: methodOf(found.purpose) });
  return authCode === null ? null : { authCode };
}
