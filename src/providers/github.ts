import { type Ask, type ProviderAccount, toAccount } from './account.ts';
import { textClaim, toClaims } from './claims.ts';
import { ProviderError } from './provider-error.ts';

/** GitHub Enterprise serves its API below the address of the server. */
const apiOf = (base: string): string =>
  new URL(base).hostname === 'github.com' ? 'https://api.github.com' : `${base}/api/v3`;

type Email = { email: string; primary: boolean; verified: boolean };

const isEmail = (value: unknown): value is Email =>
  typeof value === 'object' &&
  value !== null &&
  'email' in value &&
  typeof value.email === 'string' &&
  'primary' in value &&
  'verified' in value;

/**
 * Reads an account of GitHub. Only the primary address counts. The public one of the profile may be any text.
 * @throws ProviderError
 */
export async function readGithubAccount(ask: Ask, base: string): Promise<ProviderAccount> {
  const api = apiOf(base);
  const user = toClaims(await ask(`${api}/user`));
  const { id } = user;
  if (typeof id !== 'number' || !Number.isSafeInteger(id))
    throw new ProviderError('invalid', 'GitHub named no user.');
  const emails = await ask(`${api}/user/emails`);
  const primary = Array.isArray(emails)
    ? emails.filter(isEmail).find((each) => each.primary === true)
    : undefined;
  return toAccount({
    issuer: api,
    subject: String(id),
    email: primary?.email ?? null,
    emailVerified: primary?.verified === true,
    name: textClaim(user, 'name') ?? textClaim(user, 'login'),
    picture: textClaim(user, 'avatar_url'),
    userName: textClaim(user, 'login'),
  });
}
