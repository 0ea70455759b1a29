import { ProviderError } from './provider-error.ts';

/** Claims about a person, as a provider sent them. */
export type Claims = Readonly<Record<string, unknown>>;

/** Returns an answer that must be a JSON object. @throws ProviderError */
export function toClaims(value: unknown): Claims {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ProviderError('invalid', 'The answer is not a JSON object.');
  return value as Claims;
}

const MAX_TEXT = 1000;

/** A claim that is a short text, without NUL characters; null otherwise. */
export function textClaim(claims: Claims, name: string): string | null {
  const value = claims[name];
  if (typeof value !== 'string' || value.length > MAX_TEXT || !value.isWellFormed()) return null;
  return value.replaceAll('\0', '') || null;
}

/** A claim that is true. Apple sends texts. */
export const isTrueClaim = (claims: Claims, name: string): boolean =>
  [true, 'true', 1, '1'].includes(claims[name] as never);
