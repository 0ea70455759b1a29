import { requestEmailVerification } from '../../flows/account/request-email-verification.ts';
import { verifyEmailAndSignIn } from '../../flows/account/verify-email.ts';
import { builder } from '../builder.ts';
import { requireAccountHolder, viewerOrNull } from '../viewer.ts';
import { OkPayload, ok } from './ok-payload.ts';
import { AuthPayload, answer } from './session.ts';

const VerifyEmailInput = builder.inputType('VerifyEmailInput', {
  description: 'What proves the address.',
  fields: (t) => ({
    token: t.string({
      required: true,
      description: 'From the mailed link. Good once, until another is mailed.',
    }),
    password: t.string({
      description:
        'The password of the account. It may be left out where the access token of a session of the account comes along.',
    }),
    cookie: t.boolean({
      description: 'True: the refresh token goes into an httpOnly cookie. Needs `authConfig.refreshCookie`.',
    }),
  }),
});

builder.mutationField('verifyEmail', (t) =>
  t.field({
    type: AuthPayload,
    description:
      'Verifies the address that the token was mailed to, and signs in. The person shows that they signed up themselves: by the password, or by an access token of the account. What is shown survives: the password and the sessions that it opened, or the session. All other sessions end. Makes a default team with a default project, unless the person owns a team. The mailed link opens a page that does this without signing in. Codes: `required`, `invalid_token`, `invalid_credentials` (password), `rate_limited`, `busy`. A wrong password does not use the token up.',
    args: { input: t.arg({ type: VerifyEmailInput, required: true, description: 'The token.' }) },
    resolve: async (_root, { input }, context) => {
      const { deps, caller, cookie } = context;
      if (input.cookie) cookie.read(); // refused before the token is used up
      const by = (await viewerOrNull(caller)) ?? caller;
      const shown = { token: input.token, password: input.password ?? '', proof: 'required' } as const;
      const signedIn = await verifyEmailAndSignIn(deps, by, shown);
      return answer(context, signedIn, input.cookie ?? false);
    },
  }),
);

const ResendEmailVerificationInput = builder.inputType('ResendEmailVerificationInput', {
  description: 'What a new verification mail takes.',
  fields: (t) => ({
    captchaToken: t.string({ description: 'The solution, where `authConfig.captcha` asks for one.' }),
  }),
});

builder.mutationField('resendEmailVerification', (t) =>
  t.field({
    type: OkPayload,
    description:
      'Mails me a new verification link; the one before stops working. No mail where address and password are proven. Codes: `unauthenticated`, `permission_denied`, `required` or `captcha_failed` (captchaToken), `unavailable`, `rate_limited`.',
    args: { input: t.arg({ type: ResendEmailVerificationInput, description: 'May be left out.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const viewer = await requireAccountHolder(caller);
      const captchaToken = input?.captchaToken ?? '';
      await requestEmailVerification(deps, viewer, { captchaToken });
      return ok;
    },
  }),
);
