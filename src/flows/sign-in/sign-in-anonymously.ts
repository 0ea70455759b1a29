import type { Transaction } from '../../db/client.ts';
import { AuthError } from '../../errors.ts';
import { type Metadata, setAccountDetails } from '../../users/account-details.ts';
import { parseMetadata } from '../../users/metadata.ts';
import { createUser, type User } from '../../users/users.ts';
import { enqueueWebhooks } from '../../webhooks/queue.ts';
import type { Caller } from '../shared/caller.ts';
import { admitCaller, countCaller } from '../shared/captcha-demand.ts';
import type { SignedIn, TokenOptions } from '../shared/complete-sign-in.ts';
import type { Deps } from '../shared/deps.ts';
import { signInNewUser } from '../shared/sign-in-new-user.ts';

type AnonymousInput = TokenOptions & {
  /** What the user says of themselves. */
  userMetadata?: Metadata;
  /** How the edge spells `userMetadata`, for errors. */
  metadataAttribute?: string;
  captchaToken: string;
  /** How the edge spells `captchaToken`, for errors. */
  captchaAttribute?: string;
};

/**
 * Signs a person in who gives no address: creates an account that only this session opens. The person keeps it if they add an address, a
 * number or an account at a provider before the session ends.
 *
 * @throws AuthError `feature_disabled` (ANONYMOUS_SIGN_IN), `signup_disabled`, `invalid` or `max_length` (data), `required` or
 * `captcha_failed` (captchaToken), `unavailable`, `rate_limited`, `no_signing_key`, `claims_failed`
 */
export async function signInAnonymously(deps: Deps, by: Caller, input: AnonymousInput): Promise<SignedIn> {
  const { config } = deps;
  if (config.signup !== 'on') throw new AuthError('signup_disabled');
  if (!config.anonymousSignIn)
    throw new AuthError('feature_disabled', { message: 'Anonymous sign-ins are switched off here.' });
  const { metadataAttribute = 'data', captchaToken, captchaAttribute } = input;
  const userMetadata = parseMetadata(input.userMetadata ?? {}, metadataAttribute);
  const demand = { operation: 'anonymous', alwaysFor: 'signup', captchaToken, captchaAttribute } as const;
  await countCaller(deps, await admitCaller(deps, by, demand));
  return signInNewUser(deps, by, input, {
    by: { opener: 'anonymous', proven: false },
    enrol: (tx) => enrol(tx, deps, userMetadata),
  });
}

async function enrol(tx: Transaction, deps: Deps, userMetadata: Metadata): Promise<User> {
  const user = await createUser(tx, { email: null, name: null, passwordHash: null });
  const { id: userId } = user;
  await setAccountDetails(tx, userId, { userMetadata, isAnonymous: true });
  await enqueueWebhooks(tx, deps, { type: 'user.created', data: { userId, by: 'signup' } });
  return user;
}
