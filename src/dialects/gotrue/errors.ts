import { z } from 'zod';
import { AuthError, type ErrorCode } from '../../errors.ts';
import type { SpellError } from '../routes.ts';

/** The first version of GoTrue's API in which `code` is the name of an error. Earlier, it is the status. */
const NAMED_CODES = '2024-01-01';
const VERSION_HEADER = 'x-supabase-api-version';

/** An error as GoTrue names it. */
export type Spelling = Readonly<{ status: number; code: string; message: string }>;

/** An error that only this dialect has: GoTrue's status, code and message. */
class Refusal extends AuthError {
  readonly spelling: Spelling;

  constructor(spelling: Spelling) {
    super('invalid_request', { message: spelling.message });
    this.spelling = spelling;
  }
}

/**
 * Creates an error with a code of GoTrue.
 * @param message for the client: no secrets
 */
export const refuse = (status: number, code: string, message: string): AuthError =>
  new Refusal({ status, code, message });

/** An error in the form of OAuth (RFC 6749 5.2), which a few places have. */
class OAuthRefusal extends AuthError {
  readonly error: string;

  constructor(error: string, description: string) {
    super('invalid_request', { message: description });
    this.error = error;
  }
}

/** Creates an error in the form of OAuth: status 400. */
export const refuseAsOAuth = (error: string, description: string): AuthError =>
  new OAuthRefusal(error, description);

/** The error for a request that GoTrue finds malformed. */
export const validationFailed = (message: string): AuthError => refuse(400, 'validation_failed', message);

/** The error for an address of another account, where a signed-in person or an administrator gives it. */
export const emailExists = (): AuthError =>
  refuse(422, 'email_exists', 'A user with this email address has already been registered');

/** Runs a flow whose errors have other names at this endpoint than elsewhere in the dialect. */
export const respell = <Result>(
  running: Promise<Result>,
  names: Readonly<Partial<Record<ErrorCode, (error: AuthError) => AuthError>>>,
): Promise<Result> =>
  running.catch((error: unknown) => {
    throw (error instanceof AuthError ? names[error.code]?.(error) : undefined) ?? error;
  });

/**
 * GoTrue's names of the errors that flows throw. A catalogued error that is not listed keeps its status, code and message. An endpoint
 * that needs another name for one throws `refuse` instead.
 */
const spellings: Readonly<Partial<Record<ErrorCode, Partial<Spelling>>>> = {
  required: { code: 'validation_failed' },
  invalid: { code: 'validation_failed' },
  max_length: { code: 'validation_failed' },
  min_length: { status: 422, code: 'weak_password' },
  missing_characters: { status: 422, code: 'weak_password' },
  leaked_password: { status: 422, code: 'weak_password' },
  phone_taken: { status: 422, code: 'user_already_exists', message: 'User already registered' },
  already_registered: { status: 422, code: 'user_already_exists', message: 'User already registered' },
  unknown_provider: { code: 'validation_failed' },
  identity_already_exists: { message: 'Identity is already linked to another user' },
  last_identity: { code: 'single_identity_not_deletable' },
  invalid_credentials: { message: 'Invalid login credentials' },
  unauthenticated: {
    status: 403,
    code: 'session_not_found',
    message: 'Session from session_id claim in JWT does not exist',
  },
  permission_denied: { code: 'not_admin', message: 'User not allowed' },
  account_disabled: { code: 'user_banned', message: 'User is banned' },
  signup_disabled: { status: 422, message: 'Signups not allowed for this instance' },
  phone_not_verified: { status: 400, code: 'phone_not_confirmed', message: 'Phone not confirmed' },
  same_password: { status: 422 },
  reauthentication_needed: { status: 400 },
  reauthentication_not_valid: { status: 422 },
  email_not_verified: { status: 400, code: 'email_not_confirmed', message: 'Email not confirmed' },
  invalid_token: { status: 403, code: 'otp_expired', message: 'Email link is invalid or has expired' },
  invalid_code: { status: 403, code: 'otp_expired', message: 'Token has expired or is invalid' },
  invalid_code_verifier: { code: 'bad_code_verifier' },
  otp_disabled: { status: 422 },
  invalid_refresh_token: {
    status: 400,
    code: 'refresh_token_not_found',
    message: 'Invalid Refresh Token: Refresh Token Not Found',
  },
  refresh_token_reused: {
    status: 400,
    code: 'refresh_token_already_used',
    message: 'Invalid Refresh Token: Already Used',
  },
  second_factor_required: {
    status: 401,
    code: 'insufficient_aal',
    message: 'AAL2 session is required to update email or password when MFA is enabled.',
  },
  invalid_second_factor: {
    status: 422,
    code: 'mfa_verification_failed',
    message: 'Invalid TOTP code entered',
  },
  invalid_challenge: {
    status: 422,
    code: 'mfa_factor_not_found',
    message: 'MFA factor with the provided challenge ID not found',
  },
  challenge_expired: { status: 422, code: 'mfa_challenge_expired' },
  too_many_factors: {
    status: 422,
    code: 'too_many_enrolled_mfa_factors',
    message: 'Maximum number of verified factors reached, unenroll to continue',
  },
  captcha_failed: { message: 'captcha protection: request disallowed' },
  invalid_request: { code: 'validation_failed' },
  invalid_json: { code: 'bad_json' },
  unsupported_media_type: { status: 400, code: 'bad_json' },
  not_found: { message: '404 page not found' },
  request_timeout: { status: 504 },
  payload_too_large: { code: 'request_entity_too_large' },
  rate_limited: { code: 'over_request_rate_limit', message: 'Request rate limit reached' },
  internal_error: {
    code: 'unexpected_failure',
    message: 'Unexpected failure, please check server logs for more information',
  },
};

/** What is wrong with a new password, in GoTrue's words. */
export const weakMessage = (message: string): string =>
  message.replaceAll('Password must', 'Password should').replace(' characters long.', ' characters.');

/** The errors whose message names what is at fault. */
const selfExplaining: ReadonlySet<ErrorCode> = new Set([
  ...(['same_password', 'reauthentication_not_valid', 'invalid_code_verifier'] as const),
]);

/** Names the attribute at fault, as the catalogue's messages do not. */
function messageOf({ code, attribute, message, details }: AuthError): string {
  if (code === 'invalid' && attribute === 'email') return 'Unable to validate email address: invalid format';
  if (code === 'invalid' && (attribute === 'phone' || attribute === 'channel')) return message;
  if (code === 'invalid_json' || code === 'unsupported_media_type')
    return `Could not parse request body as JSON: ${message}`;
  if (code === 'payload_too_large' && typeof details.maxBytes === 'number')
    return `Request body too large (max ${details.maxBytes} bytes)`;
  if (attribute === null || selfExplaining.has(code)) return message;
  return attribute === 'password' ? weakMessage(message) : `${attribute}: ${message}`;
}

/** The limits of mails and of text messages have names of their own. */
const sendLimits: Readonly<Record<string, string>> = {
  mail: 'over_email_send_rate_limit',
  sms: 'over_sms_send_rate_limit',
};

const sendLimit = ({ retryAfterSeconds }: AuthError, code: string): Spelling => ({
  status: 429,
  code,
  message: `For security purposes, you can only request this after ${retryAfterSeconds ?? 1} seconds.`,
});

/** How this dialect names an error. */
export function spellingOf(error: AuthError): Spelling {
  if (error instanceof Refusal) return error.spelling;
  const { status, code } = error;
  const limit = code === 'rate_limited' ? sendLimits[String(error.details.of)] : undefined;
  if (limit !== undefined) return sendLimit(error, limit);
  if (code === 'required' && error.attribute === CAPTCHA_ATTRIBUTE)
    return {
      status,
      code: 'captcha_failed',
      message: 'captcha protection: request disallowed (no captcha_token)',
    };
  return { status, code, message: messageOf(error), ...spellings[code] };
}

/** How the bodies of this dialect spell the solution of a captcha. */
export const CAPTCHA_ATTRIBUTE = 'gotrue_meta_security.captcha_token';

/** Why a password is too weak, in GoTrue's words. */
const reasonsOf = ({ details }: AuthError): unknown => details.reasons ?? ['length'];

/** Whether a client asks for an API version in which codes are names. A later date gets the same version, as there. */
function namesCodes(header: string | string[] | undefined): boolean {
  if (
    typeof header !== 'string' ||
    header.length !== NAMED_CODES.length ||
    !/^\d{4}-\d{2}-\d{2}$/.test(header)
  )
    return false;
  return !Number.isNaN(Date.parse(header)) && header >= NAMED_CODES;
}

/** Spells an error in the form of the API version that the client asks for. */
export const spellGoTrueError: SpellError = (error, { id, headers }) => {
  if (error instanceof OAuthRefusal) {
    const body = { error: error.error, error_description: error.message };
    return { status: 400, code: 'validation_failed', body };
  }
  const spelling = spellingOf(error);
  const { status, code, message } = spelling;
  if (error.code === 'method_not_allowed') return { status, code, body: null };
  const isWeak = code === 'weak_password';
  const weakness = isWeak && { weak_password: { reasons: reasonsOf(error) } };
  if (namesCodes(headers[VERSION_HEADER]))
    return {
      ...{ status, code, body: { code, message, ...weakness } },
      headers: { [VERSION_HEADER]: NAMED_CODES, ...(!isWeak && { 'x-sb-error-code': code }) },
    };
  const errorId = status >= 500 && { error_id: id };
  const body = { code: status, error_code: code, msg: message, ...errorId, ...weakness };
  return { status, code, body, headers: { 'x-sb-error-code': code } };
};

const Weakness = z
  .object({ reasons: z.array(z.enum(['length', 'characters', 'pwned'])) })
  .optional()
  .meta({ description: 'Why the password is too weak.' });
const NAME = z.string().meta({ description: 'What went wrong.', examples: ['invalid_credentials'] });
const MESSAGE = z.string().meta({ description: 'What went wrong, as a sentence.' });

/** Both forms for OpenAPI. */
export const goTrueErrors = [
  {
    name: 'GoTrueError',
    schema: z
      .object({
        code: z.int().meta({ description: 'The HTTP status.' }),
        error_code: NAME,
        msg: MESSAGE,
        error_id: z
          .string()
          .optional()
          .meta({ description: 'The id of the request, for errors of the server.' }),
        weak_password: Weakness,
      })
      .meta({ description: 'An error for clients that ask for no API version.' }),
  },
  {
    name: 'GoTrueNamedError',
    schema: z.object({ code: NAME, message: MESSAGE, weak_password: Weakness }).meta({
      description: `An error for clients that send X-Supabase-Api-Version: ${NAMED_CODES} or later.`,
    }),
  },
];
