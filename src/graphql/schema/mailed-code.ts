import type { Caller } from '../../flows/shared/caller.ts';
import type { Deps } from '../../flows/shared/deps.ts';
import { requestSignInCode } from '../../flows/sign-in/request-code.ts';
import { requestPhoneCode } from '../../flows/sign-in/request-phone-code.ts';
import { builder } from '../builder.ts';
import { CAPTCHA, paragraphs, WITHOUT_HEADER } from '../descriptions.ts';
import { recipientOf } from './code-recipient.ts';
import { OkPayload, ok } from './ok-payload.ts';
import { parseChallenge } from './pkce.ts';

const ADDRESS = 'The email address. Case and surrounding spaces do not matter.';
const NUMBER = 'The phone number in E.164, with or without the plus sign. The gateway needs SMS_PROVIDER.';
const REDIRECT =
  'Where the link leads: the application (APP_URL), or a URL that REDIRECT_URLS allows. Any other is passed over.';
const CREATE = 'Whether an address without an account gets one. True by default.';
const CHALLENGE =
  'The S256 challenge of PKCE: 43 characters of base64url. The link then leads back with a code for `exchangeCode`.';
const SPACING =
  'An address gets one mail in LIMIT_MAIL_SPACING_SECONDS, with or without an account: the answer is `rate_limited` then.';

type MailRequest = {
  redirectTo?: string | null | undefined;
  createUser?: boolean | null | undefined;
  codeChallenge?: string | null | undefined;
  captchaToken?: string | null | undefined;
};

const mailSignIn = (deps: Deps, caller: Caller, email: string, input: MailRequest): Promise<void> =>
  requestSignInCode(deps, caller, {
    email,
    redirects: [input.redirectTo],
    codeChallenge: parseChallenge(input.codeChallenge),
    createUser: input.createUser ?? true,
    captchaToken: input.captchaToken ?? '',
    tellsUnknown: false,
  });

const RequestMagicLinkInput = builder.inputType('RequestMagicLinkInput', {
  description: 'Input of `requestMagicLink`: the email address, and where the link leads.',
  fields: (t) => ({
    email: t.string({ required: true, description: ADDRESS }),
    redirectTo: t.string({ description: REDIRECT }),
    createUser: t.boolean({ description: CREATE }),
    codeChallenge: t.string({ description: CHALLENGE }),
    captchaToken: t.string({ description: CAPTCHA }),
  }),
});

builder.mutationField('requestMagicLink', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Mails a link and a code by which the user signs in without a password.',
      'An unknown address gets an account, unless `createUser` is false. The link leads to the application with the tokens in the fragment of the URL, or with a code in the query if there is a `codeChallenge`.',
      `The answer does not tell whether an account has the address, while sign-up is open. ${SPACING}`,
      WITHOUT_HEADER,
      'Error codes: `required` (`email`, `captchaToken`), `invalid` (`email`, `codeChallenge`), `captcha_failed` (`captchaToken`), `signup_disabled` (an unknown address), `feature_disabled`, `rate_limited`, `busy`, `unavailable`.',
    ),
    args: {
      input: t.arg({ type: RequestMagicLinkInput, required: true, description: 'The email address.' }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      await mailSignIn(deps, caller, input.email, input);
      return ok;
    },
  }),
);

const RequestCodeInput = builder.inputType('RequestCodeInput', {
  description: 'Input of `requestCode`: the email address or the phone number.',
  fields: (t) => ({
    email: t.string({ description: ADDRESS }),
    phone: t.string({ description: NUMBER }),
    redirectTo: t.string({ description: REDIRECT }),
    createUser: t.boolean({ description: CREATE }),
    codeChallenge: t.string({ description: CHALLENGE }),
    captchaToken: t.string({ description: CAPTCHA }),
  }),
});

builder.mutationField('requestCode', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Sends a code of six digits, by which the user signs in without a password: by mail, or in a text message.',
      'Give either `email` or `phone`. A mail also has a link, as that of `requestMagicLink`. An unknown address or number gets an account, unless `createUser` is false.',
      `The answer does not tell whether an account has the address or the number, while sign-up is open. ${SPACING} LIMIT_SMS_SPACING_SECONDS is the same for text messages.`,
      WITHOUT_HEADER,
      'Error codes: `required` (`email`, `phone`, `captchaToken`), `invalid` (`email`, `phone`, `codeChallenge`), `captcha_failed` (`captchaToken`), `signup_disabled` (an unknown address or number), `feature_disabled` (with `attribute` `phone`, if the gateway sends no text messages), `rate_limited`, `busy`, `unavailable`.',
    ),
    args: {
      input: t.arg({ type: RequestCodeInput, required: true, description: 'The address or the number.' }),
    },
    resolve: async (_root, { input }, { deps, caller }) => {
      const recipient = recipientOf(input);
      if ('email' in recipient) await mailSignIn(deps, caller, recipient.email, input);
      else
        await requestPhoneCode(deps, caller, {
          phone: recipient.phone,
          createUser: input.createUser ?? true,
          tellsUnknown: false,
          captchaToken: input.captchaToken ?? '',
        });
      return ok;
    },
  }),
);
