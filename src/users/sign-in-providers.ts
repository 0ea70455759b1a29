/** What tells by which ways a user may sign in. */
export type SignInFacts = Readonly<{
  email: string | null;
  phone: string | null;
  hasPassword: boolean;
  /** How the account began: `email`, `phone` or the name of a provider; null if unknown. */
  provider: string | null;
  /** The names of the providers whose accounts are linked. */
  linked: readonly string[];
}>;

/**
 * Lists the ways by which a user signs in, as GoTrue does in `app_metadata.providers`: first the one with which the account began.
 * The address of a provider's account alone is not a way of its own.
 */
export function signInProviders({ email, phone, hasPassword, provider, linked }: SignInFacts): string[] {
  const hasEmail =
    email !== null && (provider === null || provider === 'email' || provider === 'phone' || hasPassword);
  const all = [...(hasEmail ? ['email'] : []), ...(phone === null ? [] : ['phone']), ...linked];
  const first = provider !== null && all.includes(provider) ? [provider] : [];
  return [...new Set([...first, ...all])];
}

/** The `app_metadata` that clients see: what the operator stored, and the ways of signing in. */
export function shownAppMetadata(
  stored: Readonly<Record<string, unknown>>,
  providers: readonly string[],
): Record<string, unknown> {
  return providers.length === 0 ? { ...stored } : { provider: providers[0], providers, ...stored };
}
