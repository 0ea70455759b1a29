import { requestEmailVerification } from '../../flows/account/request-email-verification.ts';
import { verifyEmailAndSignIn } from '../../flows/account/verify-email.ts';
import { viewerOrNull } from '../../request/viewer.ts';
import { builder } from '../builder.ts';
import { CAPTCHA, paragraphs } from '../descriptions.ts';
import { requireAccountHolder } from '../viewer.ts';
import { AuthPayload, answerSignIn } from './auth-payload.ts';
import { OkPayload, ok } from './ok-payload.ts';

const VerifyEmailInput = builder.inputType('VerifyEmailInput', {
  description:
    'Input of `verifyEmail`: the one-time token, and what shows that the account belongs to the person.',
  fields: (t) => ({
    token: t.string({
      required: true,
      description:
        'The one-time token: the last part of the mailed link. It works once, until the gateway mails another one.',
    }),
    password: t.string({
      description:
        'The password of the account. It is optional if the client sends an access token of the account, or if the account has no password.',
    }),
    cookie: t.boolean({
      description:
        'If true, the gateway puts the refresh token into an httpOnly cookie, and not into the answer. This needs `authConfig.refreshCookie`.',
    }),
  }),
});

builder.mutationField('verifyEmail', (t) =>
  t.field({
    type: AuthPayload,
    description: paragraphs(
      'Verifies the email address that the one-time token was mailed to, and opens a session.',
      'Only an application that reads the token itself needs this. The mailed link opens a page of the gateway, which verifies without a new session.',
      'A stranger may have signed up with this address. So the person shows that the account is their own: by `password`, or by an access token of the account. An account without a password needs neither.',
      'What the person shows is proven from now on: the password, the sessions that it opened and the personal access tokens, or the session and the password that opened it. The new session is proven too. Only a proven session can see and accept invites. Every other session and personal access token that is not proven ends. A password that is not proven stops working.',
      'The first time, the gateway creates a default team with a default project, unless the user owns a team.',
      'On `invalid_credentials`, ask for the password again: the one-time token still works. On `invalid_token`, call `resendEmailVerification`, which needs an access token. If `login` answers `email_not_verified`, it has mailed a new link too.',
      'Error codes: `required` (`token`, `password`), `invalid_token` (`token`), `invalid_credentials` (`password`), `unauthenticated` (if the session of the access token has just ended), `rate_limited`, `busy`, `no_signing_key`, `claims_failed`, `feature_disabled` (for `cookie`), `cross_site_request` (for `cookie`).',
    ),
    args: {
      input: t.arg({
        type: VerifyEmailInput,
        required: true,
        description: 'The one-time token and the password.',
      }),
    },
    resolve: (_root, { input }, context) =>
      answerSignIn(context, input, async () => {
        const by = (await viewerOrNull(context.caller)) ?? context.caller;
        const mailed = { token: input.token, password: input.password ?? '', proof: 'required' } as const;
        return verifyEmailAndSignIn(context.deps, by, mailed);
      }),
  }),
);

const ResendEmailVerificationInput = builder.inputType('ResendEmailVerificationInput', {
  description: 'Input of `resendEmailVerification`: the captcha.',
  fields: (t) => ({
    captchaToken: t.string({
      description: CAPTCHA,
    }),
  }),
});

builder.mutationField('resendEmailVerification', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Resends the verification mail: mails a new link to the current user. The previous link stops working.',
      'If the address and the password are proven already, the gateway sends no mail, and answers `ok`. On `rate_limited`, a mail went out a moment ago.',
      'Error codes: `unauthenticated`, `permission_denied` (for a team token or a personal access token), `required` (`captchaToken`), `captcha_failed` (`captchaToken`), `rate_limited`, `busy`, `unavailable`.',
    ),
    args: {
      input: t.arg({
        type: ResendEmailVerificationInput,
        description: 'The captcha. Leave it out if the gateway needs no captcha.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      const viewer = await requireAccountHolder(caller);
      const captchaToken = input?.captchaToken ?? '';
      await requestEmailVerification(deps, viewer, { captchaToken });
      return ok;
    },
  }),
);
