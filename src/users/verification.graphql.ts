import { requestEmailVerification } from '../flows/request-email-verification.ts';
import { verifyEmailAndSignIn } from '../flows/verify-email.ts';
import { builder } from '../graphql/builder.ts';
import { requireViewer } from '../graphql/viewer.ts';
import { AuthPayload, answer } from '../sessions/graphql.ts';
import { OkPayload, ok } from './ok-payload.graphql.ts';

const VerifyEmailInput = builder.inputType('VerifyEmailInput', {
  description: 'What proves the address.',
  fields: (t) => ({
    token: t.string({
      required: true,
      description: 'From the mailed link. Good once, until another is mailed.',
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
      'Verifies the address that the token was mailed to, and signs in. Makes a default team with a default project, unless the person owns a team. The mailed link itself opens a page that does this without signing in: use this only where the person signed up. Codes: `required`, `invalid_token`.',
    args: { input: t.arg({ type: VerifyEmailInput, required: true, description: 'The token.' }) },
    resolve: async (_root, { input }, context) => {
      const { deps, caller, cookie } = context;
      if (input.cookie) cookie.read(); // refused before the token is used up
      return answer(context, await verifyEmailAndSignIn(deps, caller.device, input), input.cookie ?? false);
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
      'Mails me a new verification link; the one before stops working. No mail where my address is verified. Codes: `unauthenticated`, `required` or `captcha_failed` (captchaToken), `unavailable`, `rate_limited`.',
    args: { input: t.arg({ type: ResendEmailVerificationInput, description: 'May be left out.' }) },
    resolve: async (_root, { input }, { deps, caller }) => {
      const viewer = await requireViewer(caller);
      const captchaToken = input?.captchaToken ?? '';
      await requestEmailVerification(deps, caller.device, { viewer, captchaToken });
      return ok;
    },
  }),
);
