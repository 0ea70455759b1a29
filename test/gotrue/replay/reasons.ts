import type { Difference } from './compare.ts';

/** Where a difference on purpose shows. What is left out may be anything. */
export type Place = Readonly<{
  case?: string | RegExp;
  step?: number;
  at: string | RegExp;
  recorded?: unknown;
  ours?: unknown;
}>;

/** Why the gateway answers otherwise than the real server did. The page "Coming from Supabase Auth" repeats it. */
export type Reason = Readonly<{ why: string; where: readonly Place[] }>;

const MESSAGE = /^body\.(msg|message)$/;
const CODE = /^(header x-sb-error-code|body\.(code|error_code|msg|message))$/;

export const reasons: readonly Reason[] = [
  {
    why: 'A bad request is refused with its own error. GoTrue answers 500 to some.',
    where: [
      { at: 'status', recorded: 500 },
      { at: 'header x-sb-error-code', recorded: 'unexpected_failure' },
    ],
  },
  {
    why: 'The messages of `bad_jwt` and `bad_json` have no details of a parser.',
    where: [
      { case: /^(bearer|admin by role): /, at: 'body.msg', recorded: /^invalid JWT: / },
      { at: MESSAGE, recorded: /^Could not parse request body as JSON: / },
    ],
  },
  {
    why: 'The body must be one JSON text, with nothing behind it.',
    where: [{ case: 'magiclink: a body with trailing data: 400', at: CODE }],
  },
  {
    why: 'The identity `email` is the address of the account: it changes with it, and is verified with it.',
    where: [
      { at: /identity_data\.email_verified$/, recorded: false, ours: true },
      { case: /^admin users: PUT changes address/, at: /^body\.identities\.0\.(identity_data\.)?email$/ },
    ],
  },
  {
    why: 'An account that has just been confirmed has `confirmed_at` in the answer itself.',
    where: [
      { case: /^admin users: /, at: 'body.confirmed_at', recorded: undefined },
      { case: /^signup: /, at: 'body.user.confirmed_at', recorded: undefined },
    ],
  },
  {
    why: 'Every refresh token that is not known answers `refresh_token_not_found`, also one of another form.',
    where: [
      { case: 'refresh: tokens of another form', at: CODE, ours: /refresh.token.not.found/i },
      { case: /^auth-js: an error of the server/, step: 4, at: CODE, ours: /refresh.token.not.found/i },
    ],
  },
  {
    why: 'The headers `sb-auth-…` are on answers with a session only, and `reuse` is on first uses only.',
    where: [
      { case: /^refresh: (reuse|a banned)/, at: /^header sb-auth-(user|session)-id$/, ours: null },
      { case: /^refresh: inside the reuse/, step: 3, at: 'header sb-auth-refresh-token-reuse', ours: null },
    ],
  },
  {
    why: 'A sign-up of an address that is taken answers as for a fresh one.',
    where: [
      {
        case: /^signup: (repeat of a confirmed|a fresh and a taken|auth-js sees)/,
        at: /^body\.(role|user_metadata|identities)/,
      },
    ],
  },
  {
    why: 'If another password signed up last, the address was never proven by the first: the data of the first sign-up go.',
    where: [
      {
        case: /^signup: repeat of an unconfirmed/,
        step: 3,
        at: /^body\.user\.(user_metadata|identities\.0\.identity_data)\.v$/,
        ours: undefined,
      },
    ],
  },
  {
    why: 'A ban is told only to a person who gives the right password.',
    where: [{ case: /^token: password: a banned user and a wrong password/, at: CODE }],
  },
  {
    why: '`POST /admin/users/{id}` creates the account of an id.',
    where: [{ case: /^admin users: POST \/admin\/users\/<id>/, at: /^(status|header x-sb-error-code)$/ }],
  },
  {
    why: 'An administrator may not give a password that the rules refuse. A hash of one is accepted.',
    where: [{ case: /^admin users: POST with a weak password/, at: /^(status|header x-sb-error-code)$/ }],
  },
  {
    why: 'A verified number is verified in its identity too, and a number is one of the providers at once.',
    where: [
      { case: /^phone/, at: /phone_verified$/, recorded: false, ours: true },
      { case: /^phone: autoconfirm/, at: 'body.user.confirmed_at', recorded: undefined },
      { case: /^phone more: autoconfirm/, at: 'body.app_metadata.providers' },
    ],
  },
  {
    why: '`app_metadata` names the providers of an account in every answer.',
    where: [{ case: /^admin users: PUT makes an anonymous/, at: /^body\.app_metadata\.providers?$/ }],
  },
  {
    why: 'What an unverified person wrote of themselves stays until its owner comes: `sub`, `email` and `phone_verified` are part of it.',
    where: [{ case: 'magiclink: an unconfirmed user becomes confirmed', at: /^body\.user\.user_metadata\./ }],
  },
  {
    why: 'Text messages are queued, so an answer has no `message_id`.',
    where: [{ at: 'body.message_id', ours: undefined }],
  },
  {
    why: 'The keys are those of the gateway, also where GoTrue signs with a secret, and verifiers keep them for JWKS_MAX_AGE.',
    where: [
      { case: /^jwks: /, at: 'header cache-control' },
      { case: /^jwks: /, at: /^body\.keys/ },
    ],
  },
  {
    why: 'A soft-deleted account has hashes for its address and number, and nothing that was pending.',
    where: [
      {
        case: /^admin users: DELETE with should_soft_delete/,
        step: 2,
        at: /^body\.((new_)?(email|phone)|identities\.0\.id)$/,
      },
    ],
  },
  {
    why: 'The identity `email` of an account shows what `user_metadata` has, also from a provider.',
    where: [
      {
        case: /^callback: a verified address of a confirmed/,
        at: /identities\.0\.identity_data\.(custom_claims|full_name|iss|name|provider_id)$/,
        recorded: undefined,
      },
    ],
  },
  {
    why: 'A sign-in at a provider has a nonce and PKCE of its own.',
    where: [{ case: /^(authorize|callback): /, at: 'header location', recorded: /^«provider»/ }],
  },
  {
    why: 'The gateway names itself at `/health`, and answers unknown paths in JSON.',
    where: [
      { case: /^health: /, at: /^body\.(version|name|description)$/ },
      { case: 'health: an unknown path is 404', at: /^(header content-type|body)$/ },
    ],
  },
  {
    why: '`/settings` has `autoconfirm` too, and names the provider of text messages that is set. The gateway has no SAML.',
    where: [
      { case: /^settings: /, at: 'body.autoconfirm', recorded: undefined },
      { case: /^settings: /, at: 'body.saml_private_key_next_configured', ours: false },
      { case: /^settings: /, at: 'body.sms_provider', recorded: 'twilio', ours: 'test' },
    ],
  },
];

const matches = (pattern: unknown, value: unknown): boolean =>
  pattern instanceof RegExp ? pattern.test(String(value)) : JSON.stringify(pattern) === JSON.stringify(value);

/** Whether a difference is at a place. */
export const isAt = (place: Place, name: string, step: number, { at, recorded, ours }: Difference): boolean =>
  (place.case === undefined || matches(place.case, name)) &&
  (place.step === undefined || place.step === step) &&
  matches(place.at, at) &&
  (!('recorded' in place) || matches(place.recorded, recorded)) &&
  (!('ours' in place) || matches(place.ours, ours));
