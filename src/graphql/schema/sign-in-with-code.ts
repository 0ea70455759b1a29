import { AuthError } from '../../errors.ts';
import type { SignedIn } from '../../flows/shared/complete-sign-in.ts';
import { exchangeCode } from '../../flows/sign-in/exchange-code.ts';
import {
  type CodeSignIn,
  signInWithMailedCode,
  signInWithMailedLink,
} from '../../flows/sign-in/sign-in-with-code.ts';
import { signInWithPhoneCode } from '../../flows/sign-in/sign-in-with-phone-code.ts';
import { builder } from '../builder.ts';
import { paragraphs, WITHOUT_HEADER } from '../descriptions.ts';
import { AuthPayload, answerSignIn, COOKIE, COOKIE_CODES } from './auth-payload.ts';
import { recipientOf } from './code-recipient.ts';

/** What signs in here. A change of the address is confirmed elsewhere. */
const PURPOSES = ['signup', 'invite', 'magiclink', 'recovery'] as const;

/** Returns the tokens. These purposes have no halves. */
function requireWhole(signedIn: CodeSignIn, attribute: 'code' | 'token'): SignedIn {
  if (signedIn === 'half') throw new AuthError('invalid_code', { attribute });
  return signedIn;
}

const SignInWithCodeInput = builder.inputType('SignInWithCodeInput', {
  description: 'Input of `signInWithCode`: the code, and the address or number that got it.',
  fields: (t) => ({
    email: t.string({ description: 'The email address that got the code.' }),
    phone: t.string({ description: 'The phone number that got the code.' }),
    code: t.string({ required: true, description: 'The code of six digits.' }),
    cookie: t.boolean({ description: COOKIE }),
  }),
});

const PROVES =
  'It verifies the address. If the address was never verified, everything that was set up before ends: sessions, memberships, linked identities. A password is suspended. To keep them, the user opens the link of the verification mail and enters the password there.';

const PROVES_NUMBER =
  'A code in a text message proves the number, not the mailbox. If the number was never verified, all sessions of the account end. The password, the memberships and the authenticator apps are deleted, unless the code was asked for with that password.';

builder.mutationField('signInWithCode', (t) =>
  t.field({
    type: AuthPayload,
    description: paragraphs(
      'Signs in with a code that was mailed or sent in a text message: opens a session.',
      'A code works once and allows five guesses. A wrong code, a used one and an unknown address get the same answer, `invalid_code`.',
      `A mailed code proves the mailbox. ${PROVES}`,
      PROVES_NUMBER,
      WITHOUT_HEADER,
      `Error codes: \`required\` (\`email\`, \`phone\`, \`code\`), \`invalid\` (\`email\`, \`phone\`), \`invalid_code\` (\`code\`), \`account_disabled\`, \`rate_limited\`, \`busy\`, \`unavailable\`, \`no_signing_key\`, \`claims_failed\`, ${COOKIE_CODES}.`,
    ),
    args: {
      input: t.arg({ type: SignInWithCodeInput, required: true, description: 'The code and its recipient.' }),
    },
    resolve: (_root, { input }, context) => {
      const { deps, caller } = context;
      const { code } = input;
      return answerSignIn(context, input, async () => {
        const recipient = recipientOf(input);
        if ('phone' in recipient) return signInWithPhoneCode(deps, caller, { ...recipient, code });
        const mailed = { ...recipient, code, purposes: PURPOSES };
        return requireWhole(await signInWithMailedCode(deps, caller, mailed), 'code');
      });
    },
  }),
);

const SignInWithLinkInput = builder.inputType('SignInWithLinkInput', {
  description: 'Input of `signInWithLink`: the token of the mailed link.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'The value of `token` in the mailed link.' }),
    cookie: t.boolean({ description: COOKIE }),
  }),
});

builder.mutationField('signInWithLink', (t) =>
  t.field({
    type: AuthPayload,
    description: paragraphs(
      'Signs in with the token of a mailed link: opens a session. This is for an application that reads the token itself.',
      'A token works once.',
      `The token proves the mailbox. ${PROVES}`,
      WITHOUT_HEADER,
      `Error codes: \`required\` (\`token\`), \`invalid_token\` (\`token\`), \`account_disabled\`, \`rate_limited\`, \`busy\`, \`unavailable\`, \`no_signing_key\`, \`claims_failed\`, ${COOKIE_CODES}.`,
    ),
    args: {
      input: t.arg({ type: SignInWithLinkInput, required: true, description: 'The token of the link.' }),
    },
    resolve: (_root, { input }, context) => {
      const { deps, caller } = context;
      const mailed = { token: input.token, purposes: PURPOSES };
      return answerSignIn(context, input, async () =>
        requireWhole(await signInWithMailedLink(deps, caller, mailed), 'token'),
      );
    },
  }),
);

const ExchangeCodeInput = builder.inputType('ExchangeCodeInput', {
  description: 'Input of `exchangeCode`: the code, and the verifier of PKCE.',
  fields: (t) => ({
    code: t.string({
      required: true,
      description: 'The value of `code` in the URL that the user came back to.',
    }),
    codeVerifier: t.string({
      required: true,
      description: 'The verifier whose S256 hash was the `codeChallenge` of the request.',
    }),
    cookie: t.boolean({ description: COOKIE }),
  }),
});

builder.mutationField('exchangeCode', (t) =>
  t.field({
    type: AuthPayload,
    description: paragraphs(
      'Exchanges the code of a PKCE flow for a session, after the user came back from a mailed link or a provider.',
      'A code works once, for five minutes. A wrong verifier does not use it up.',
      WITHOUT_HEADER,
      `Error codes: \`required\` (\`code\`, \`codeVerifier\`), \`invalid_token\` (\`code\`), \`invalid_code_verifier\` (\`codeVerifier\`), \`account_disabled\`, \`unauthenticated\` (if the session of \`linkProvider\` has ended), \`identity_already_exists\` (after \`linkProvider\`), \`too_many_identities\` (after \`linkProvider\`), \`rate_limited\`, \`busy\`, \`unavailable\`, \`no_signing_key\`, \`claims_failed\`, ${COOKIE_CODES}.`,
    ),
    args: {
      input: t.arg({ type: ExchangeCodeInput, required: true, description: 'The code and the verifier.' }),
    },
    resolve: (_root, { input }, context) => {
      const { deps, caller } = context;
      const { code, codeVerifier } = input;
      return answerSignIn(context, input, () => exchangeCode(deps, caller, { code, codeVerifier }));
    },
  }),
);
