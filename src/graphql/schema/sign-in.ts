import { login } from '../../flows/sign-in/login.ts';
import { refresh } from '../../flows/sign-in/refresh.ts';
import { signup } from '../../flows/sign-in/signup.ts';
import { builder } from '../builder.ts';
import { CAPTCHA, paragraphs, WITHOUT_HEADER } from '../descriptions.ts';
import { AuthPayload, answer, answerSignIn } from './auth-payload.ts';

const LoginInput = builder.inputType('LoginInput', {
  description: 'Input of `login`: the email address and the password.',
  fields: (t) => ({
    email: t.string({
      required: true,
      description: 'The email address. Case and surrounding spaces do not matter.',
    }),
    password: t.string({ required: true, description: 'The password. Spaces count.' }),
    captchaToken: t.string({
      description: CAPTCHA,
    }),
    cookie: t.boolean({
      description: paragraphs(
        'If true, the gateway puts the refresh token into an httpOnly cookie, and not into the answer. This needs `authConfig.refreshCookie`.',
        'A second cookie marks the browser. For a marked browser, wrong passwords are counted apart, and a new session causes no notice.',
      ),
    }),
  }),
});

builder.mutationField('login', (t) =>
  t.field({
    type: AuthPayload,
    description: paragraphs(
      'Signs in with email address and password: opens a session.',
      WITHOUT_HEADER,
      'An unknown address and a wrong password get the same answer, `invalid_credentials`. Many wrong passwords lock the account for a while: the answer is `rate_limited`.',
      'On `email_not_verified`, the gateway has mailed a verification link, unless it mailed one a moment ago. The user opens it and signs in again. On `account_disabled`, only the operator can help.',
      'If `secondFactorRequired` is true in the answer, call `signInWithTotp` next.',
      'If the device or its address is new, the gateway mails a notice to the verified email address.',
      'Error codes: `required` (`email`, `password`, `captchaToken`), `captcha_failed` (`captchaToken`), `invalid_credentials`, `account_disabled`, `email_not_verified`, `rate_limited`, `busy`, `unavailable`, `no_signing_key`, `claims_failed`, `feature_disabled` (for `cookie`), `cross_site_request` (for `cookie`).',
    ),
    args: {
      input: t.arg({ type: LoginInput, required: true, description: 'The email address and the password.' }),
    },
    resolve: async (_root, { input }, context) => {
      const { deps, caller, cookie } = context;
      const { email, password } = input;
      const proof = { captchaToken: input.captchaToken ?? '', deviceCookie: cookie.readDevice() };
      const answered = await answerSignIn(context, input, () =>
        login(deps, caller, { email, password, ...proof }),
      );
      // A browser that keeps the session is known from now on. After a sign-up nothing is proven yet.
      if (input.cookie && !answered.secondFactorRequired)
        cookie.writeDevice(deps.deviceMarks.add(answered.user, proof.deviceCookie));
      return answered;
    },
  }),
);

const SignupInput = builder.inputType('SignupInput', {
  description: 'Input of `signup`: the new account.',
  fields: (t) => ({
    email: t.string({
      required: true,
      description: 'The email address: at most 254 characters. Case and surrounding spaces do not matter.',
    }),
    password: t.string({
      required: true,
      description: 'The password: at least `authConfig.passwordMinLength` characters. Spaces count.',
    }),
    name: t.string({
      required: true,
      description: 'The name of the user: 1 to 255 characters. The gateway removes surrounding spaces.',
    }),
    teamName: t.string({
      description:
        'The name of a team. If it is given, the gateway creates this team with the user as OWNER.',
    }),
    invitationToken: t.string({
      description: paragraphs(
        'The token of an invitation to this address: the last part of the mailed link. Required if `authConfig.signup` is false.',
        'It works once. The address is then verified, and the gateway mails no verification link.',
      ),
    }),
    captchaToken: t.string({
      description: CAPTCHA,
    }),
    cookie: t.boolean({
      description:
        'If true, the gateway puts the refresh token into an httpOnly cookie, and not into the answer. This needs `authConfig.refreshCookie`.',
    }),
  }),
});

builder.mutationField('signup', (t) =>
  t.field({
    type: AuthPayload,
    description: paragraphs(
      'Signs up: creates an account, mails a verification link to its address, and opens a session.',
      WITHOUT_HEADER,
      'On `email_not_verified`, this gateway needs a verified address first. The account exists now: the user opens the link and signs in with `login`. On `already_registered`, call `login` or `forgotPassword`.',
      'Error codes: `signup_disabled`, `required` (`email`, `password`, `name`, `teamName`, `invitationToken`, `captchaToken`), `min_length` (`password`), `missing_characters` (`password`), `leaked_password` (`password`), `max_length` (`password`, `name`, `teamName`), `invalid` (`email`, `name`, `teamName`), `captcha_failed` (`captchaToken`), `invalid_token` (`invitationToken`), `already_registered` (`email`), `email_not_verified`, `rate_limited`, `busy`, `unavailable`, `no_signing_key`, `claims_failed`, `feature_disabled` (for `cookie`), `cross_site_request` (for `cookie`).',
    ),
    args: { input: t.arg({ type: SignupInput, required: true, description: 'The new account.' }) },
    resolve: (_root, { input }, context) =>
      answerSignIn(context, input, () =>
        signup(context.deps, context.caller, {
          ...input,
          teamName: input.teamName ?? null,
          captchaToken: input.captchaToken ?? '',
          invitationToken: input.invitationToken ?? '',
        }),
      ),
  }),
);

const RefreshInput = builder.inputType('RefreshInput', {
  description: 'Input of `refresh`: the refresh token.',
  fields: (t) => ({
    refreshToken: t.string({
      description:
        'The refresh token. Without it, the gateway takes the one in the cookie, and puts the new one there.',
    }),
  }),
});

builder.mutationField('refresh', (t) =>
  t.field({
    type: AuthPayload,
    description: paragraphs(
      'Refreshes the tokens of a session: exchanges its refresh token for new tokens.',
      'Send it without an `Authorization` header: Hasura refuses a request with an expired token. Store all new tokens, and forget the old refresh token.',
      'For 30 seconds (REFRESH_REUSE_INTERVAL), the old refresh token returns the same new one: two tabs may refresh at once. A client that never got the answer may try again for a day, with the same user agent. The gateway takes any other repeat for theft: it ends the session and answers `refresh_token_reused`.',
      'On `invalid_refresh_token`, `refresh_token_reused` or `required`, the user signs in again.',
      'Error codes: `required` (`refreshToken`), `invalid_refresh_token`, `refresh_token_reused`, `rate_limited`, `no_signing_key`, `claims_failed`, `cross_site_request` (for the cookie).',
    ),
    args: {
      input: t.arg({
        type: RefreshInput,
        description: 'The refresh token. Leave it out if it is in the cookie.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const { deps, caller, cookie } = context;
      const given = input?.refreshToken ?? null;
      const refreshToken = given ?? (deps.config.refreshCookie === 'off' ? '' : (cookie.read() ?? ''));
      return answer(context, await refresh(deps, caller, { refreshToken }), given === null);
    },
  }),
);
