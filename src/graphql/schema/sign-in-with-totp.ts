import { signInWithTotp } from '../../flows/second-factor/sign-in-with-totp.ts';
import { builder } from '../builder.ts';
import { ACCOUNT_HOLDER, paragraphs } from '../descriptions.ts';
import { AuthPayload, answerSignIn, COOKIE, COOKIE_CODES } from './auth-payload.ts';
import { TOKENS, WRONG } from './second-factor.ts';

const SignInWithTotpInput = builder.inputType('SignInWithTotpInput', {
  description: 'Input of `signInWithTotp`: the access token of the first factor, and the second factor.',
  fields: (t) => ({
    accessToken: t.string({
      required: true,
      description: 'The access token from the answer with `secondFactorRequired`.',
    }),
    code: t.string({ description: 'The code of six digits that the authenticator app shows.' }),
    recoveryCode: t.string({ description: 'A recovery code, in place of `code`. It works once.' }),
    cookie: t.boolean({ description: COOKIE }),
  }),
});

builder.mutationField('signInWithTotp', (t) =>
  t.field({
    type: AuthPayload,
    description: paragraphs(
      'Signs in with the second factor: finishes a sign-in whose answer has `secondFactorRequired`.',
      'Send it without an `Authorization` header: Hasura refuses the access token of the first factor. So it is an input.',
      'The session gets a new id and new tokens at level `aal2`; the former tokens end. A session at this level shows a fresh second factor in the same way.',
      'Five wrong codes lock the second factor of the user for 15 minutes (LIMIT_SECOND_FACTOR_PER_USER): the answer is `rate_limited`, also for the right code. The gateway mails a notice for each recovery code that is used.',
      `Error codes: \`required\` (\`accessToken\`, \`code\`), ${ACCOUNT_HOLDER}, \`not_found\` (the user has no second factor), ${WRONG}, \`busy\`, ${TOKENS}, ${COOKIE_CODES}.`,
    ),
    args: {
      input: t.arg({
        type: SignInWithTotpInput,
        required: true,
        description: 'The access token of the first factor, and the second factor.',
      }),
    },
    resolve: async (_root, { input }, context) => {
      const { deps, caller, cookie } = context;
      const { accessToken, code, recoveryCode } = input;
      const shown = { code: code ?? '', recoveryCode: recoveryCode ?? '' };
      const answered = await answerSignIn(context, input, () =>
        signInWithTotp(deps, caller, { accessToken, ...shown }),
      );
      // The first factor alone makes no browser known.
      if (input.cookie) cookie.writeDevice(deps.deviceMarks.add(answered.user, cookie.readDevice()));
      return answered;
    },
  }),
);
