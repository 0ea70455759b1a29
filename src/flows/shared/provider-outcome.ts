import { z } from 'zod';
import type { Transaction } from '../../db/client.ts';
import type { ProviderIdentity } from '../../identities/identities.ts';
import { takeOutcome } from '../../identities/provider-attempts.ts';
import type { ProviderTokens } from '../../providers/account.ts';
import type { Opener, SignInMethod } from '../../sessions/opening.ts';
import { isEmailTaken } from '../../users/users.ts';
import type { Caller } from './caller.ts';
import type { Deps } from './deps.ts';
import { linkIn } from './link-to-session.ts';

/** What the claim `amr` calls a sign-in by a provider. */
export const PROVIDER_METHOD = 'oauth';

const Identity = z.object({
  provider: z.string(),
  knownAs: z.array(z.string()),
  issuer: z.string(),
  subject: z.string(),
  email: z.string().nullable(),
  emailVerified: z.boolean(),
  profile: z.record(z.string(), z.unknown()),
});
const Outcome = z.object({
  tokens: z.object({ accessToken: z.string(), refreshToken: z.string().nullable() }),
  identity: Identity.nullable(),
  proven: z.boolean(),
});

/** What waits until the client exchanges its code. */
type ProviderOutcome = {
  tokens: ProviderTokens;
  /** The identity that the client links by the exchange; null for a sign-in. */
  identity: ProviderIdentity | null;
  /** Whether the provider shows that the person holds the mailbox of the account. */
  proven: boolean;
};

/** Characters of a provider's tokens that are kept at most. Longer ones are not given back. */
const MAX_TOKEN_LENGTH = 16_384;

const isShort = (token: string | null): boolean => token === null || token.length <= MAX_TOKEN_LENGTH;

/** Encrypts what waits for the exchange of a code. */
export function packOutcome(
  { keyEncryption }: Pick<Deps, 'keyEncryption'>,
  { tokens, identity, proven }: ProviderOutcome,
): Promise<string> {
  const { accessToken, refreshToken } = tokens;
  const kept =
    isShort(accessToken) && isShort(refreshToken) ? tokens : { accessToken: '', refreshToken: null };
  return keyEncryption.encrypt(JSON.stringify({ tokens: kept, identity, proven }));
}

/** Takes what waits for the exchange of the code of a flow, once; null if nothing does. */
async function takeProviderOutcome(
  tx: Transaction,
  { keyEncryption }: Pick<Deps, 'keyEncryption'>,
  flowStateId: string,
): Promise<(ProviderOutcome & { provider: string; linkingSessionId: string | null }) | null> {
  const taken = await takeOutcome(tx, flowStateId);
  if (taken === null) return null;
  const { outcome, provider, linkingSessionId } = taken;
  const opened = Outcome.parse(JSON.parse(await keyEncryption.decrypt(outcome)));
  return { ...opened, provider, linkingSessionId };
}

/** What a provider flow brings to the session that the exchange of its code opens. */
export type SettledFlow = Readonly<{ by: Opener; method: SignInMethod; tokens: ProviderTokens }>;

/**
 * Finishes a provider flow when the client exchanges its code: an identity is linked only now, by the client that began. So a stranger
 * who lets another person follow the link gets nothing. The transaction has locked the account.
 * @returns null if the flow is not one of a provider
 * @throws AuthError `unauthenticated` if the session that links has ended, `identity_already_exists`
 */
export async function settleProviderFlow(
  tx: Transaction,
  deps: Pick<Deps, 'keyEncryption'>,
  by: Caller,
  { flowStateId, userId }: { flowStateId: string; userId: string },
): Promise<SettledFlow | null> {
  const taken = await takeProviderOutcome(tx, deps, flowStateId);
  if (taken === null) return null;
  const { tokens, identity, provider, linkingSessionId: sessionId } = taken;
  const method = { method: PROVIDER_METHOD, provider };
  if (identity === null || sessionId === null)
    return { by: { opener: 'provider', proven: taken.proven }, method, tokens };
  const takesAddress = identity.email !== null && !(await isEmailTaken(tx, identity.email));
  const { proven } = await linkIn(tx, by, { sessionId, identity, byClient: true, userId, takesAddress });
  return { by: { opener: 'provider', proven }, method, tokens };
}
