import { signInAnonymously } from '../../flows/sign-in/sign-in-anonymously.ts';
import { builder } from '../builder.ts';
import { CAPTCHA, paragraphs, WITHOUT_HEADER } from '../descriptions.ts';
import { AuthPayload, answerSignIn } from './auth-payload.ts';

const SignInAnonymouslyInput = builder.inputType('SignInAnonymouslyInput', {
  description: 'Input of `signInAnonymously`.',
  fields: (t) => ({
    captchaToken: t.string({
      description: CAPTCHA,
    }),
    cookie: t.boolean({
      description:
        'If true, the gateway puts the refresh token into an httpOnly cookie, and not into the answer. This needs `authConfig.refreshCookie`.',
    }),
  }),
});

builder.mutationField('signInAnonymously', (t) =>
  t.field({
    type: AuthPayload,
    description: paragraphs(
      'Signs in without an address: creates an account that only this session opens.',
      'The user has no email address, no name and no password. The account is lost with the session, unless the user adds another way to sign in before: see `changeEmail`.',
      WITHOUT_HEADER,
      'Error codes: `feature_disabled` (if `authConfig.anonymousSignIn` is false, or for `cookie`), `signup_disabled`, `required` (`captchaToken`), `captcha_failed` (`captchaToken`), `rate_limited`, `busy`, `unavailable`, `no_signing_key`, `claims_failed`, `cross_site_request` (for `cookie`).',
    ),
    args: { input: t.arg({ type: SignInAnonymouslyInput, description: 'Only if the client needs it.' }) },
    resolve: (_root, { input }, context) => {
      const { deps, caller } = context;
      const captchaToken = input?.captchaToken ?? '';
      return answerSignIn(context, input, () => signInAnonymously(deps, caller, { captchaToken }));
    },
  }),
);
