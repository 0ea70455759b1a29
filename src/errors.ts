/** An entry of the error catalogue: the HTTP status and the message for the caller. */
type CatalogueEntry = Readonly<{
  status: number;
  message: string;
  /** Whether the cause is logged for the operator, as for every status from 500. */
  logged?: true;
}>;

/**
 * Every error that a caller may see, by its code. The table in src/dialects/README.md is generated from this list. The
 * portal's API defines the first seven and their messages.
 */
export const errorCatalogue = {
  required: { status: 400, message: 'This attribute is required.' },
  invalid: { status: 400, message: 'This attribute is invalid.' },
  min_length: { status: 400, message: 'Password must be at least 8 characters long.' },
  already_registered: { status: 400, message: 'This email address is already registered.' },
  invalid_credentials: { status: 400, message: 'Invalid email or password.' },
  unauthenticated: { status: 401, message: 'Invalid credentials.' },
  permission_denied: { status: 403, message: 'You do not have permission to perform this action.' },
  phone_taken: { status: 400, message: 'This phone number is already registered.' },
  max_length: { status: 400, message: 'This attribute is too long.' },
  missing_characters: {
    status: 400,
    message: 'The password must also contain characters of other kinds.',
  },
  leaked_password: {
    status: 400,
    message: 'This password is known from data leaks. Choose another one.',
  },
  account_disabled: { status: 403, message: 'This account is disabled.' },
  signup_disabled: { status: 403, message: 'Sign-up is switched off here.' },
  email_not_verified: { status: 403, message: 'Verify your email address first.' },
  otp_disabled: { status: 403, message: 'Signups not allowed for otp' },
  same_password: { status: 400, message: 'New password should be different from the old password.' },
  reauthentication_needed: { status: 403, message: 'Password update requires reauthentication' },
  reauthentication_not_valid: { status: 400, message: 'Nonce has expired or is invalid' },
  phone_not_verified: { status: 403, message: 'Verify your phone number first.' },
  invalid_code: { status: 400, message: 'This code is wrong, was used or has expired.' },
  invalid_code_verifier: {
    status: 400,
    message: 'code challenge does not match previously saved code verifier',
  },
  invalid_token: {
    status: 400,
    message: 'This link is no longer valid: it was used, replaced or has expired.',
  },
  invalid_refresh_token: { status: 401, message: 'The refresh token is not valid.' },
  refresh_token_reused: {
    status: 401,
    message: 'The refresh token was used before. Its session has been ended.',
  },
  invalid_access_token: {
    status: 401,
    message: 'The personal access token is not valid: it was revoked or has expired.',
  },
  unknown_provider: { status: 400, message: 'This provider is not configured here.' },
  provider_failed: { status: 502, message: 'The provider did not say who you are. Try again later.' },
  provider_refused: { status: 400, message: 'The provider’s answer cannot be used.' },
  provider_email_missing: { status: 403, message: 'The provider named no email address.' },
  provider_email_needs_verification: {
    status: 403,
    message:
      'The provider has not verified your email address. Follow the link of the mail that was sent to it.',
  },
  invitation_mismatch: {
    status: 400,
    message: 'The address of the invitation is not the address at the provider.',
  },
  identity_already_exists: { status: 422, message: 'This account of the provider is linked already.' },
  too_many_identities: { status: 400, message: 'There are too many identities. Unlink one first.' },
  last_identity: { status: 422, message: 'Without this identity you could not sign in any more.' },
  second_factor_required: { status: 403, message: 'Show your second factor to do this.' },
  invalid_second_factor: {
    status: 400,
    message: 'The code of the second factor is wrong, or it was used before.',
  },
  invalid_challenge: { status: 400, message: 'This session does not have this challenge.' },
  challenge_expired: { status: 400, message: 'The challenge has expired. Begin again.' },
  factor_name_taken: { status: 400, message: 'You have a second factor of this name.' },
  too_many_factors: { status: 400, message: 'There are too many second factors. Remove one first.' },
  captcha_failed: { status: 400, message: 'The captcha was not solved.' },
  cross_site_request: { status: 403, message: 'This request came from another site.' },
  feature_disabled: { status: 403, message: 'This is switched off here.' },
  already_in_team: { status: 400, message: 'This person is in the team already.' },
  insufficient_permissions: { status: 403, message: 'Your role in the team does not allow this.' },
  invalid_emails: { status: 400, message: 'Some of the email addresses are invalid.' },
  invalid_invite: { status: 400, message: 'This invite is not valid.' },
  sole_owner: {
    status: 400,
    message: 'A team needs an owner. Make another member owner, or delete the team.',
  },
  refused_by_application: {
    status: 409,
    message:
      'The application’s own data or rules do not allow this change. Its operator can find the reason.',
    logged: true,
  },
  too_many_roles: { status: 400, message: 'These roles would make the tokens of the user too long.' },
  too_many_keys: { status: 400, message: 'There are too many unexpired keys. Delete or expire some first.' },
  too_many_access_tokens: {
    status: 400,
    message: 'There are too many personal access tokens. Revoke one first.',
  },
  ens_not_configured: { status: 503, message: 'ENS is not configured: set ENS_RPC_URLS.' },
  ens_name_not_found: { status: 404, message: 'An ENS name has no address.' },
  ens_unreachable: { status: 502, message: 'No Ethereum RPC endpoint gave a usable answer.' },
  invalid_request: { status: 400, message: 'The HTTP request is malformed.' },
  invalid_json: { status: 400, message: 'The request body is not valid JSON.' },
  invalid_input: { status: 400, message: 'The input does not fit the schema.' },
  not_found: { status: 404, message: 'There is nothing at this address.' },
  method_not_allowed: { status: 405, message: 'This HTTP method is not allowed for this endpoint.' },
  request_timeout: { status: 408, message: 'The request body came too slowly.' },
  payload_too_large: { status: 413, message: 'The request body is too large.' },
  unsupported_media_type: { status: 415, message: 'Send the request body as application/json.' },
  rate_limited: { status: 429, message: 'Too many attempts. Try again later.' },
  graphql_parse_failed: { status: 400, message: 'The GraphQL document has a syntax error.' },
  graphql_validation_failed: { status: 400, message: 'The GraphQL document does not fit the schema.' },
  query_too_complex: { status: 400, message: 'The GraphQL document exceeds a limit.' },
  busy: { status: 503, message: 'Too many requests are waiting. Try again shortly.' },
  claims_failed: {
    status: 503,
    message: 'The claims of your token could not be read. Try again later.',
  },
  no_signing_key: { status: 503, message: 'The gateway has no usable signing key.' },
  unavailable: { status: 503, message: 'The service is temporarily unavailable.' },
  internal_error: { status: 500, message: 'Unexpected error.' },
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof errorCatalogue;

type AuthErrorOptions = {
  /** The wrong attribute of the input, as the caller spelled it. */
  attribute?: string;
  /** Replaces the catalogue's message. Never contains input or secrets. */
  message?: string;
  retryAfterSeconds?: number;
  /** See `AuthError.details`. */
  details?: Readonly<Record<string, unknown>>;
  /** Further headers of the HTTP answer. */
  headers?: Readonly<Record<string, string>>;
  cause?: unknown;
};

/** An error that the caller may see. Any other thrown value is masked as `internal_error`. */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly code: ErrorCode;
  readonly attribute: string | null;
  readonly retryAfterSeconds: number | null;
  /**
   * Further facts for the client, for example the time from which a call may succeed. Never contains input or secrets. A dialect
   * shows the details that it names. GraphQL, the portal and Hasura's actions show none.
   */
  readonly details: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ErrorCode, options: AuthErrorOptions = {}) {
    super(options.message ?? errorCatalogue[code].message, { cause: options.cause });
    this.code = code;
    this.attribute = options.attribute ?? null;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
  }

  get status(): number {
    return errorCatalogue[this.code].status;
  }

  /** Whether an operator has to learn of the cause. */
  get isLogged(): boolean {
    const { status, logged }: CatalogueEntry = errorCatalogue[this.code];
    return (logged === true || status >= 500) && this.cause !== undefined;
  }

  /** What GraphQL clients find under `errors[0].extensions`, and Hasura's actions under `extensions`. */
  get extensions(): Record<string, unknown> {
    return {
      code: this.code,
      attribute: this.attribute,
      ...(this.retryAfterSeconds !== null && { retryAfterSeconds: this.retryAfterSeconds }),
    };
  }
}
