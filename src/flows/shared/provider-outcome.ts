import { z } from 'zod';
import type { Transaction } from '../../db/client.ts';
import type { ProviderIdentity } from '../../identities/identities.ts';
import { takeOutcome } from '../../identities/provider-attempts.ts';
import type { ProviderTokens } from '../../providers/account.ts';
import type { Deps } from './deps.ts';

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
});

/** What waits until the client exchanges its code. */
type ProviderOutcome = {
  tokens: ProviderTokens;
  /** The identity that the client links by the exchange; null for a sign-in. */
  identity: ProviderIdentity | null;
};

/** Characters of a provider's tokens that are kept at most. Longer ones are not given back. */
const MAX_TOKEN_LENGTH = 16_384;

const isShort = (token: string | null): boolean => token === null || token.length <= MAX_TOKEN_LENGTH;

/** Encrypts what waits for the exchange of a code. */
export function packOutcome(
  { keyEncryption }: Pick<Deps, 'keyEncryption'>,
  { tokens, identity }: ProviderOutcome,
): Promise<string> {
  const { accessToken, refreshToken } = tokens;
  const kept =
    isShort(accessToken) && isShort(refreshToken) ? tokens : { accessToken: '', refreshToken: null };
  return keyEncryption.encrypt(JSON.stringify({ tokens: kept, identity }));
}

/** Takes what waits for the exchange of the code of a flow, once; null if nothing does. */
export async function takeProviderOutcome(
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
