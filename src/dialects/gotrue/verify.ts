import { z } from 'zod';
import { AuthError } from '../../errors.ts';
import { emailTypes, isEmailType } from '../../flows/shared/code-types.ts';
import {
  type CodeSignIn,
  signInWithMailedCode,
  signInWithMailedLink,
} from '../../flows/sign-in/sign-in-with-code.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint, type Incoming } from '../endpoint.ts';
import type { RouteContext } from '../routes.ts';
import { answerSession } from './answers.ts';
import { EMAIL, PHONE, REDIRECT_QUERY, SECURITY } from './bodies.ts';
import { validationFailed } from './errors.ts';
import { HALF_MESSAGE, openLink } from './open-link.ts';
import { verifyPhone } from './phones.ts';
import { SessionSchema } from './schemas.ts';

const TEXT = z.string().default('');

const VerifyBody = z.object({
  type: TEXT.meta({
    description:
      '`signup`, `invite`, `recovery`, `magiclink`, `email_change`, `email`, `sms` or `phone_change`.',
  }),
  token: TEXT.meta({ description: 'The code of the message, with `email` or `phone`.' }),
  token_hash: TEXT.meta({ description: 'The token of the mailed link, in place of the code.' }),
  email: EMAIL,
  phone: PHONE,
  redirect_to: TEXT.meta({ description: 'Refused beside `token_hash`. Otherwise it is not used.' }),
  password: TEXT.meta({ description: 'A password to set, with the code of a sign-up or an invitation.' }),
  gotrue_meta_security: SECURITY,
});

type Verification = z.output<typeof VerifyBody>;

/** Refuses a body as GoTrue does. @throws AuthError `validation_failed` (400) */
function checkShape({
  type,
  token,
  token_hash: hash,
  email,
  phone,
  redirect_to: target,
}: Verification): void {
  if (type === '') throw validationFailed('Verify requires a verification type');
  if ((token === '') === (hash === ''))
    throw validationFailed('Verify requires either a token or a token hash');
  if (token !== '' && (email === '') === (phone === ''))
    throw validationFailed('Only an email address or phone number should be provided on verify');
  if (hash !== '' && (email !== '' || phone !== '' || target !== ''))
    throw validationFailed('Only the token_hash and type should be provided');
}

async function verify(deps: GatewayDeps, { caller }: Incoming, body: Verification): Promise<CodeSignIn> {
  const { type, token, token_hash: hash, email, phone, password } = body;
  const options = { password, form: 'gotrue' } as const;
  if (hash !== '') {
    if (!isEmailType(type)) throw validationFailed('Invalid email verification type');
    return signInWithMailedLink(deps, caller, { ...options, token: hash, purposes: emailTypes[type] });
  }
  if (phone !== '') return verifyPhone(deps, caller, { phone, token, type });
  // An unknown type is a code for which no purpose is right.
  if (!isEmailType(type)) throw new AuthError('invalid_code');
  return signInWithMailedCode(deps, caller, { ...options, email, code: token, purposes: emailTypes[type] });
}

const answerSignIn = (c: RouteContext, deps: GatewayDeps, signedIn: CodeSignIn) =>
  signedIn === 'half' ? c.json({ code: '200', msg: HALF_MESSAGE }) : answerSession(deps, c, signedIn);

/** What proves an address or a number, and signs in. */
export const verifyEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/verify',
    docs: {
      operationId: 'goTrueVerify',
      summary: 'Sign in with a code or the token of a link',
      description:
        'A code serves the purpose for which it was sent, works once, and allows five guesses. If both addresses have to confirm a change, the first answer has a message and no session.',
      answers: { 200: { description: 'The session.', schema: SessionSchema } },
      errors: ['invalid_code', 'invalid_token', 'account_disabled', 'min_length', 'rate_limited'],
    },
    body: VerifyBody,
    async handle(incoming, c) {
      checkShape(incoming.body);
      return answerSignIn(c, deps, await verify(deps, incoming, incoming.body));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/verify',
    changesState: true,
    docs: {
      operationId: 'goTrueOpenLink',
      summary: 'Open a mailed link',
      description:
        'Leads back to the application with the session in the fragment, or with a code in the query if the flow began with PKCE. With LINK_CONFIRMATION it shows a page with a button first.',
      answers: { 303: { description: 'The way back, with the session, the code, or the error.' } },
    },
    query: z.object({
      ...REDIRECT_QUERY,
      token: TEXT.meta({ description: 'The token of the link.' }),
      type: TEXT.meta({ description: 'The type of verification.' }),
    }),
    async handle(incoming, c) {
      const { token, type } = incoming.query;
      if (token === '') throw validationFailed('Verify requires a token or a token hash');
      if (type === '') throw validationFailed('Verify requires a verification type');
      return openLink(c, deps, incoming, incoming.query);
    },
  }),
];
