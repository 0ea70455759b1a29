import type { Claims } from './account.ts';
import { ProviderError } from './provider-error.ts';

/** Returns an answer that must be a JSON object. @throws ProviderError */
export function toClaims(value: unknown): Claims {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ProviderError('invalid', 'The answer is not a JSON object.');
  return value as Claims;
}
