import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { isUuid } from '../../db/uuid.ts';
import { headerTextIfValid } from '../../request/header-text.ts';
import { CAPTCHA_ATTRIBUTE, refuse, validationFailed } from './errors.ts';

// Attributes that several endpoints read. GoTrue takes a missing text for an empty one.

export const EMAIL = z
  .string()
  .default('')
  .meta({ description: 'The email address.', examples: ['alice@example.com'] });
export const PHONE = z
  .string()
  .default('')
  .meta({
    description: 'The phone number in E.164, with or without a plus sign.',
    examples: ['+15005550006'],
  });
export const PASSWORD = z
  .string()
  .default('')
  .meta({ description: 'The password.', examples: ['correct horse'] });
export const DATA = z
  .record(z.string(), z.unknown())
  .default({})
  .meta({ description: 'What the person says of themselves: `user_metadata`. At most 16 KB.' });
export const CHANNEL = z
  .string()
  .default('')
  .meta({ description: 'How a code is sent to a number: `sms` (the default) or `whatsapp`.' });

/** Returns an address whose length GoTrue accepts. @throws AuthError `validation_failed` */
export function requireEmailLength(email: string): string {
  if (email.length > 255) throw validationFailed('An email address is too long');
  return email;
}

/** A UUID from a path. @throws AuthError `validation_failed` (404) */
export function requireUuid(text: string, name: string): string {
  const id = text.toLowerCase();
  if (!isUuid(id)) throw refuse(404, 'validation_failed', `${name} must be an UUID`);
  return id;
}

/** The attribute in which clients send the solution of a captcha. */
export const SECURITY = z
  .object({ captcha_token: z.string().default('') })
  .default({ captcha_token: '' })
  .meta({ description: 'The solution of the captcha, if the gateway asks for one.' });

type Security = z.output<typeof SECURITY>;

/** The solution of a captcha, as flows take it. */
export const captchaOf = ({ captcha_token: captchaToken }: Security) => ({
  captchaToken,
  captchaAttribute: CAPTCHA_ATTRIBUTE,
});

/** The attributes of PKCE (RFC 7636). */
export const PKCE = {
  code_challenge: z.string().default('').meta({
    description: 'The challenge of PKCE. With it, the mailed link leads back with a code for `/token`.',
  }),
  code_challenge_method: z.string().default('').meta({ description: '`s256` or `plain`, in any case.' }),
};

type Pkce = { code_challenge: string; code_challenge_method: string };

/**
 * The S256 challenge of a request; null without PKCE. A plain challenge is the verifier itself, so only its hash is kept.
 * @throws AuthError `validation_failed`
 */
export function challengeIn({
  code_challenge: challenge,
  code_challenge_method: method,
}: Pkce): string | null {
  if (challenge === '' && method === '') return null;
  if (challenge === '' || method === '')
    throw validationFailed('PKCE flow requires code_challenge_method and code_challenge');
  if (challenge.length < 43 || challenge.length > 128)
    throw validationFailed('code challenge has to be between 43 and 128 characters');
  if (!/^[A-Za-z0-9._~-]+$/.test(challenge))
    throw validationFailed(
      'code challenge can only contain alphanumeric characters, hyphens, periods, underscores and tildes',
    );
  switch (method.toLowerCase()) {
    case 's256':
      return challenge;
    case 'plain':
      return createHash('sha256').update(challenge).digest('base64url');
    default:
      throw validationFailed('Invalid code challenge method');
  }
}

/** The parameter of the query that says where a mailed link leads. */
export const REDIRECT_QUERY = {
  redirect_to: z.string().optional().meta({
    description: 'Where the link leads: APP_URL, or a URL that REDIRECT_URLS allows. Others are passed over.',
  }),
};

/** Where a request wants a link to lead, in the order of GoTrue: a header, the query, the page that sends it. */
export const redirectsOf = (
  { headers }: IncomingMessage,
  { redirect_to }: { redirect_to?: string | undefined },
): (string | null | undefined)[] => [
  headerTextIfValid(headers, 'redirect_to'),
  redirect_to,
  headerTextIfValid(headers, 'referer'),
];
