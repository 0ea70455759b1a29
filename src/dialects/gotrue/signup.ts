import { z } from 'zod';
import { shownPhoneSignUp } from '../../flows/shared/shown-phone-sign-up.ts';
import { signInAnonymously } from '../../flows/sign-in/sign-in-anonymously.ts';
import { signUpWithEmail } from '../../flows/sign-in/sign-up-with-email.ts';
import { signUpWithPhone } from '../../flows/sign-in/sign-up-with-phone.ts';
import type { RequestCaller } from '../../request/caller.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { newPasswordErrors } from '../errors.ts';
import type { RouteContext } from '../routes.ts';
import { answerSession } from './answers.ts';
import {
  CHANNEL,
  captchaOf,
  challengeIn,
  DATA,
  EMAIL,
  PASSWORD,
  PHONE,
  PKCE,
  REDIRECT_QUERY,
  redirectsOf,
  SECURITY,
} from './bodies.ts';
import { refuse, respell, validationFailed } from './errors.ts';
import { userObject } from './objects.ts';
import { SessionSchema, UserSchema } from './schemas.ts';

const SignUpBody = z.object({
  email: EMAIL,
  phone: PHONE,
  password: PASSWORD,
  data: DATA,
  channel: CHANNEL,
  ...PKCE,
  gotrue_meta_security: SECURITY,
});
type SignUpBody = z.output<typeof SignUpBody>;

type Call = { caller: RequestCaller; body: SignUpBody };
type Way = (deps: GatewayDeps, call: Call & { redirects: Redirects }, c: RouteContext) => Promise<Response>;
type Redirects = ReturnType<typeof redirectsOf>;

const FORM = { form: 'gotrue' } as const;

const anonymously: Way = async (deps, { caller, body }, c) => {
  const input = { ...captchaOf(body.gotrue_meta_security), userMetadata: body.data, ...FORM };
  const signedIn = await respell(signInAnonymously(deps, caller, input), {
    feature_disabled: () => refuse(422, 'anonymous_provider_disabled', 'Anonymous sign-ins are disabled'),
  });
  return answerSession(deps, c, signedIn);
};

/** What an invitation says about a person is not for everyone who knows the address. */
const withoutInvitation = { user_metadata: {}, identities: [] };

const byEmail: Way = async (deps, { caller, body, redirects }, c) => {
  const { email, password, data: userMetadata, gotrue_meta_security: security } = body;
  const codeReturn = { redirects, codeChallenge: challengeIn(body) };
  const input = { email, password, userMetadata, ...codeReturn, ...captchaOf(security), ...FORM };
  const outcome = await signUpWithEmail(deps, caller, input);
  if (outcome.kind === 'signed_in') return answerSession(deps, c, outcome.signedIn);
  const user = userObject(outcome.account, deps.config);
  return c.json(outcome.isInvited ? { ...user, ...withoutInvitation } : user);
};

const byPhone: Way = async (deps, { caller, body }, c) => {
  if (body.code_challenge !== '') throw validationFailed('PKCE not supported for phone signups');
  const { phone, password, channel, data: userMetadata, gotrue_meta_security: security } = body;
  const input = { phone, password, channel, userMetadata, ...captchaOf(security), ...FORM };
  const outcome = await respell(signUpWithPhone(deps, caller, input), {
    feature_disabled: () => refuse(400, 'phone_provider_disabled', 'Phone signups are disabled'),
  });
  if (outcome.kind === 'signed_in') return answerSession(deps, c, outcome.signedIn);
  return c.json(userObject(await shownPhoneSignUp(deps, outcome, userMetadata), deps.config));
};

function wayOf({ email, phone, password }: SignUpBody): Way {
  if (email === '' && phone === '') return anonymously;
  if (password === '') throw validationFailed('Signup requires a valid password');
  if (email !== '' && phone !== '')
    throw validationFailed('Only an email address or phone number should be provided on signup.');
  return phone === '' ? byEmail : byPhone;
}

/** The endpoint where people sign up. */
export const signupEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/signup',
    docs: {
      operationId: 'goTrueSignup',
      summary: 'Sign up by an address or a number, or anonymously',
      description:
        'The gateway mails or texts a code. An address that is taken gets the same answer. The answer is a session if the person has nothing to confirm: if they are anonymous, and where AUTOCONFIRM covers the address.',
      answers: {
        200: {
          description: 'The person, who has to confirm the address; or a session.',
          schema: z.union([UserSchema, SessionSchema]),
        },
      },
      errors: [
        ...(['signup_disabled', 'already_registered', 'captcha_failed', 'required', 'invalid'] as const),
        ...newPasswordErrors,
        ...(['rate_limited', 'busy', 'unavailable', 'no_signing_key', 'claims_failed'] as const),
      ],
    },
    query: z.object(REDIRECT_QUERY),
    body: SignUpBody,
    handle: ({ caller, body, query, request }, c) =>
      wayOf(body)(deps, { caller, body, redirects: redirectsOf(request, query) }, c),
  }),
];
