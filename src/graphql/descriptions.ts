/** A description in paragraphs. GraphiQL shows the first one beside the field's name, and all of them on its page. */
export const paragraphs = (...texts: readonly string[]): string => texts.join('\n\n');

const bullets = (...texts: readonly string[]): string => texts.map((text) => `- ${text}`).join('\n');

/** Tells clients behind Hasura how to call what needs no access token. */
export const WITHOUT_HEADER =
  'Send it without an `Authorization` header: Hasura refuses a request with an expired token.';

/** The input `captchaToken`. */
export const CAPTCHA = 'The solution of the captcha, if `authConfig.captcha` asks for one.';

/** The codes of what only `requireAccountHolder` lets through. */
export const ACCOUNT_HOLDER =
  '`unauthenticated`, `permission_denied` (for a team token or a personal access token)';

/** The beginning of the manual: what a client reads first. */
export const QUERIES = paragraphs(
  'Queries read data.',
  'Start with `authConfig`: it returns the settings of this gateway. `me` returns the current user.',
  'The current user is the user of the access token. The client sends it as `Authorization: Bearer <accessToken>`, to Hasura or to the gateway. `Mutation` says how to get one.',
  '`authConfig`, `contractAddresses` and `emailExists` need no token. `me` is null without one.',
  '`Mutation` also says what to do on each error code.',
);

/** The order in which a client calls what, and what it does on each error. */
export const MUTATIONS = paragraphs(
  'Mutations change data. This is when a client calls which.',
  '**Sign up and sign in.** `signup` creates an account and opens a session. `login` opens a session of an existing account. Both return an access token and a refresh token. A user in a team also gets a team token. If `authConfig.signup` is false, `signup` needs the token of a mailed invitation. Send the access token or the team token as `Authorization: Bearer <token>`, to Hasura or to the gateway.',
  '**Stay signed in.** Call `refresh` before the access token expires, or when Hasura answers `invalid-jwt`. Store every token that it returns: a refresh token works once. `logout` ends the session. Hasura refuses a request with an expired token. So send `signup`, everything that signs in, `refresh`, `requestCode`, `requestMagicLink`, `forgotPassword` and `resetPassword` without an `Authorization` header.',
  '**Verify the email address.** `signup` mails a link with a one-time token. The link opens a page of the gateway, which verifies the address. An application that reads the token itself calls `verifyEmail` instead. `resendEmailVerification` mails a new link.',
  '**Set a forgotten password.** `forgotPassword` mails a link. Its page sets the new password, or the application calls `resetPassword`. Then the user signs in again.',
  '**Change the account.** Call `updateProfile`, `changePassword`, `changeEmail` or `deleteAccount` with an access token. The gateway refuses a team token.',
  '**Sign in without a password.** `requestCode` mails a code and a link, or sends a code to a phone number. `requestMagicLink` mails the same, for an application that waits for the link. `signInWithCode` opens the session by the code, and `signInWithLink` by the token of the link. `signInAnonymously` opens a session without an address.',
  '**Sign in by a provider.** `signInWithProvider` returns a URL for the browser. The user returns with a code, and `exchangeCode` opens the session. A signed-in user adds a provider with `linkProvider`. `identities` lists what is linked, and `unlinkIdentity` ends one.',
  '**Add a second factor.** `totpEnroll` returns the secret of an authenticator app, and `totpActivate` activates it by its first code. From then on the answer of a sign-in has `secondFactorRequired`. Call `signInWithTotp` with its access token and a code. `recoveryCodes` renews the recovery codes, and `totpDisable` removes the app.',
  '**Let programs sign in.** `createAccessToken` creates a personal access token with an expiry and roles. A program exchanges it for an access token with `signInWithAccessToken`. `accessTokens` lists them, and `revokeAccessToken` ends one.',
  '**Work in teams.** `createTeam` creates a team, and `inviteMembers` mails invites to it. The invited user lists them with `myInvites` and calls `acceptInvite`. `switchTeam` returns a team token for another team.',
  '**Operators.** The operator is a client of Hasura with role admin. `users` lists users. `createUser`, `inviteUser`, `updateUser`, `deleteUser`, `disableAccount`, `enableAccount`, `endUserSessions` and `sendPasswordReset` manage them. All other clients get `permission_denied`.',
  '**Errors.** `extensions.code` is the error code. `extensions.attribute` names the input at fault. Each field lists its own codes. Every field may also answer `invalid_input`, `busy`, `unavailable` and `internal_error`. A field that needs the current user may also answer `second_factor_required`. This is what a client does on a code:',
  bullets(
    '`required`, `invalid`, `invalid_input`, `min_length`, `missing_characters`, `leaked_password`, `max_length`: correct the input and call again.',
    '`required` or `captcha_failed` for `captchaToken`: show the captcha of `authConfig.captcha`. Then call again with its solution.',
    '`unauthenticated`: the token is missing or has expired, or its session has ended. Call `refresh`. If that fails too, the user signs in again.',
    '`permission_denied`: the token does not allow this. A team token, or the token of a program, cannot change the account: send the access token of a login.',
    '`second_factor_required`: the session has not shown the second factor. Call `signInWithTotp`.',
    '`invalid_second_factor`: the code is wrong, or it was used. Ask the user for the next one.',
    '`reauthentication_needed`: call `requestReauthentication`, and repeat the call with the code that the user gets. Or the user signs in again.',
    '`insufficient_permissions`: the role of the current user in the team does not allow this.',
    '`not_found`: the object does not exist, or the current user may not see it.',
    '`email_not_verified`: the user opens the mailed link first.',
    '`invalid_token`: the one-time token was used or replaced, or it has expired. Ask for a new mail.',
    '`invalid_code`: the code is wrong, was used or has expired. After five wrong codes only a new one works: call `requestCode` again.',
    '`invalid_access_token`: the personal access token was revoked or has expired. Its user creates another one.',
    '`rate_limited`, `busy`, `unavailable`: wait for `extensions.retryAfterSeconds`, then call again.',
    '`feature_disabled`: this gateway has switched the feature off. `authConfig` shows what is on.',
    '`cross_site_request`: the page may not use the cookie. The operator lists its origin in CORS_ORIGINS.',
    '`no_signing_key`: the gateway cannot sign tokens. Tell the operator.',
    "`claims_failed`: the gateway could not read the claims of the user from the application's data. Call again later: the refresh token or mailed token is still good.",
    '`internal_error`: tell the operator `extensions.requestId`.',
  ),
);
