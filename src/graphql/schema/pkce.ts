import { AuthError } from '../../errors.ts';

/** Parses the challenge of PKCE; null without it. @throws AuthError `invalid` (codeChallenge) */
export function parseChallenge(challenge: string | null | undefined): string | null {
  if (challenge === null || challenge === undefined || challenge === '') return null;
  if (/^[A-Za-z0-9_-]{43}$/.test(challenge)) return challenge;
  throw new AuthError('invalid', { attribute: 'codeChallenge' });
}

/** Parses a challenge that must be there. @throws AuthError `required`, `invalid` (codeChallenge) */
export function requireChallenge(challenge: string): string {
  const parsed = parseChallenge(challenge);
  if (parsed === null) throw new AuthError('required', { attribute: 'codeChallenge' });
  return parsed;
}
