import { type Ask, type ProviderAccount, toAccount } from './account.ts';
import { isTrueClaim, textClaim, toClaims } from './claims.ts';
import { ProviderError } from './provider-error.ts';

/** Reads an account of Discord. @throws ProviderError */
export async function readDiscordAccount(ask: Ask, base: string): Promise<ProviderAccount> {
  const user = toClaims(await ask(`${base}/api/users/@me`));
  const id = textClaim(user, 'id');
  if (id === null) throw new ProviderError('invalid', 'Discord named no user.');
  const avatar = textClaim(user, 'avatar');
  return toAccount({
    issuer: `${base}/api`,
    subject: id,
    email: textClaim(user, 'email'),
    emailVerified: isTrueClaim(user, 'verified'),
    name: textClaim(user, 'global_name') ?? textClaim(user, 'username'),
    picture: avatar === null ? null : `https://cdn.discordapp.com/avatars/${id}/${avatar}.png`,
    userName: textClaim(user, 'username'),
  });
}
