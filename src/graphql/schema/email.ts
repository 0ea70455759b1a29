import { confirmEmailChange, requestEmailChange } from '../../flows/account/change-email.ts';
import { emailExists } from '../../flows/account/email-exists.ts';
import { viewerOrNull } from '../../request/viewer.ts';
import { builder } from '../builder.ts';
import { ACCOUNT_HOLDER, CAPTCHA, paragraphs } from '../descriptions.ts';
import { requireAccountHolder } from '../viewer.ts';
import { FRESHNESS, freshnessFields, withFreshness } from './freshness.ts';
import { OkPayload, ok } from './ok-payload.ts';

builder.queryField('emailExists', (t) =>
  t.boolean({
    description: paragraphs(
      'Whether an account has this email address. For sign-up forms.',
      'Error codes: `feature_disabled` (if `authConfig.emailExists` is false), `required` (`email`, `captchaToken`), `captcha_failed` (`captchaToken`), `rate_limited`, `busy`, `unavailable`.',
    ),
    args: {
      email: t.arg.string({
        required: true,
        description: 'The email address. Case and surrounding spaces do not matter.',
      }),
      captchaToken: t.arg.string({
        description: CAPTCHA,
      }),
    },
    resolve: (_root, { email, captchaToken }, { deps, caller }) =>
      emailExists(deps, caller, { email, captchaToken: captchaToken ?? '' }),
  }),
);

const ChangeEmailInput = builder.inputType('ChangeEmailInput', {
  description: 'Input of `changeEmail`: the new email address, and what shows that the user themselves asks.',
  fields: (t) => ({
    newEmail: t.string({
      required: true,
      description:
        'The new email address: at most 254 characters. Case and surrounding spaces do not matter.',
    }),
    ...freshnessFields(t),
  }),
});

builder.mutationField('changeEmail', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Begins to change the email address of the current user: mails a link to the new address.',
      'The address stays the same until the user opens the link and confirms, or the application calls `confirmEmailChange`.',
      'An anonymous user becomes a permanent one by it, with the same id. They need no password.',
      'If another account has the new address, the answer is also `ok`, and the gateway sends no mail. On `invalid`, the text is not an email address, or it is the current address.',
      `Error codes: ${ACCOUNT_HOLDER}, \`required\` (\`newEmail\`, \`currentPassword\`), \`invalid\` (\`newEmail\`), ${FRESHNESS}, \`rate_limited\`, \`busy\`.`,
    ),
    args: {
      input: t.arg({
        type: ChangeEmailInput,
        required: true,
        description: 'The new email address, and what shows that the user themselves asks.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      await requestEmailChange(deps, await requireAccountHolder(caller), withFreshness(input));
      return ok;
    },
  }),
);

const ConfirmEmailChangeInput = builder.inputType('ConfirmEmailChangeInput', {
  description:
    'Input of `confirmEmailChange`: the one-time token, and what shows that the account belongs to the person.',
  fields: (t) => ({
    token: t.string({
      required: true,
      description:
        'The one-time token: the last part of the link that was mailed to the new address. It works once.',
    }),
    password: t.string({
      description:
        'The password of the account. Without it, send an access token of the account: see `confirmEmailChange`.',
    }),
  }),
});

builder.mutationField('confirmEmailChange', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Confirms the new email address: the account gets the address that the one-time token was mailed to.',
      'Only an application that reads the token itself needs this. The mailed link opens a page of the gateway, which does the same.',
      'Sessions stay. All other one-time tokens of the account stop working. If the former address was verified, the gateway mails a notice to it. If it was not, the gateway creates a default team as `verifyEmail` does.',
      'Show the password, or send an access token of the account. Without both, the password and the sessions are not proven any more. Then the user cannot accept invites until `resendEmailVerification` has mailed a link, and the user has confirmed it.',
      'Error codes: `required` (`token`), `invalid_token` (`token`), `invalid_credentials` (`password`), `unauthenticated` (if the session of the access token has just ended), `rate_limited`, `busy`.',
    ),
    args: {
      input: t.arg({
        type: ConfirmEmailChangeInput,
        required: true,
        description: 'The one-time token and the password.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      const by = (await viewerOrNull(caller)) ?? caller;
      const { token, password } = input;
      await confirmEmailChange(deps, by, { token, password: password ?? '', proof: 'optional' });
      return ok;
    },
  }),
);
