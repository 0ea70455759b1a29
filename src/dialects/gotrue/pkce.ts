import { z } from 'zod';
import type { AuthError } from '../../errors.ts';
import { challengeOf } from '../../flow-states/flow-states.ts';
import { validationFailed } from './errors.ts';

/** The parameters of PKCE, which a body or a query may have. */
export const pkceFields = {
  code_challenge: z.string().optional().meta({
    description: 'The challenge of PKCE. The link then gives a code for `POST /token?grant_type=pkce`.',
  }),
  code_challenge_method: z.string().optional().meta({ description: '`s256` or `plain`.' }),
};

type PkceFields = { code_challenge?: string | undefined; code_challenge_method?: string | undefined };

const wrongChallenge = (challenge: string): AuthError | null => {
  if (challenge.length < 43 || challenge.length > 128)
    return validationFailed('code challenge has to be between 43 and 128 characters');
  return /^[A-Za-z0-9._~-]+$/.test(challenge)
    ? null
    : validationFailed(
        'code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes',
      );
};

/**
 * Returns the S256 challenge of a request; null without PKCE. A plain challenge is the verifier itself, so its S256 form is kept.
 * @throws AuthError `validation_failed` (400)
 */
export function readChallenge(fields: PkceFields): string | null {
  const { code_challenge: challenge = '', code_challenge_method: method = '' } = fields;
  if (challenge === '' && method === '') return null;
  if (challenge === '' || method === '')
    throw validationFailed('PKCE flow requires code_challenge_method and code_challenge');
  const wrong = wrongChallenge(challenge);
  if (wrong !== null) throw wrong;
  switch (method.toLowerCase()) {
    case 's256':
      return challenge;
    case 'plain':
      return challengeOf(challenge);
    default:
      throw validationFailed(`unsupported code_challenge_method ${JSON.stringify(method.slice(0, 32))}`);
  }
}
