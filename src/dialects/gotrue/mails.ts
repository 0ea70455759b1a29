import { z } from 'zod';
import { resendEmailChangeCodes } from '../../flows/account/resend-email-change.ts';
import { requestSignInCode } from '../../flows/sign-in/request-code.ts';
import { requestRecoveryCode } from '../../flows/sign-in/request-recovery-code.ts';
import { resendSignUpCode } from '../../flows/sign-in/resend-code.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import { parseMetadata } from '../../users/metadata.ts';
import { type Endpoint, endpoint, type Incoming } from '../endpoint.ts';
import {
  CHANNEL,
  captchaOf,
  challengeIn,
  DATA,
  EMAIL,
  PHONE,
  PKCE,
  REDIRECT_QUERY,
  redirectsOf,
  requireEmailLength,
  SECURITY,
} from './bodies.ts';
import { refuse, validationFailed } from './errors.ts';
import { isPhoneType, resendToPhone, sendPhoneOtp } from './phones.ts';

const redirectQuery = z.object(REDIRECT_QUERY);

const mailFields = { ...PKCE, gotrue_meta_security: SECURITY };

type MailFields = z.output<z.ZodObject<typeof mailFields>>;

/** What all requests for a mailed code say: the return, PKCE and the captcha. */
const requestOf = (
  { request }: Incoming,
  query: z.output<typeof redirectQuery>,
  { email, ...body }: MailFields & { email: string },
) => ({
  email: requireEmailLength(email),
  redirects: redirectsOf(request, query),
  codeChallenge: challengeIn(body),
  ...captchaOf(body.gotrue_meta_security),
});

const SENT = {
  200: { description: 'The message is on its way, if the address or number gets one.', schema: z.object({}) },
};

const MagicLinkBody = z.object({
  email: EMAIL,
  data: DATA,
  ...mailFields,
});

const OtpBody = z.object({
  ...MagicLinkBody.shape,
  phone: PHONE,
  channel: CHANNEL,
  create_user: z.boolean().default(true).meta({ description: 'Whether an unknown address gets an account.' }),
});

type MagicLink = z.output<typeof MagicLinkBody> & { create_user?: boolean };

async function mailMagicLink(
  deps: GatewayDeps,
  incoming: Incoming,
  query: z.output<typeof redirectQuery>,
  body: MagicLink,
): Promise<void> {
  if (!deps.config.codes.magicLink) throw refuse(422, 'email_provider_disabled', 'Email logins are disabled');
  await requestSignInCode(deps, incoming.caller, {
    ...requestOf(incoming, query, body),
    createUser: body.create_user ?? true,
    userMetadata: parseMetadata(body.data, 'data'),
    tellsUnknown: true,
  });
}

const magicLink = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/magiclink',
    docs: {
      operationId: 'goTrueMagicLink',
      summary: 'Mail a link that signs in',
      description:
        'An unknown address gets an account, and a mail that confirms it. An address gets one mail in LIMIT_MAIL_SPACING_SECONDS, with or without an account.',
      answers: SENT,
      errors: ['invalid', 'captcha_failed', 'rate_limited', 'signup_disabled'],
    },
    query: redirectQuery,
    body: MagicLinkBody,
    async handle(incoming, c) {
      const { query, body } = incoming;
      if (body.email === '') throw refuse(422, 'validation_failed', 'Password recovery requires an email');
      await mailMagicLink(deps, incoming, query, body);
      return c.json({});
    },
  });

const otp = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/otp',
    docs: {
      operationId: 'goTrueOtp',
      summary: 'Send a code that signs in',
      description:
        'For an address it mails a code and a link, as `/magiclink` does. To a phone number it sends a code. With `create_user: false` an unknown address is told: `otp_disabled`.',
      answers: SENT,
      errors: ['invalid', 'captcha_failed', 'rate_limited', 'signup_disabled', 'otp_disabled'],
    },
    query: redirectQuery,
    body: OtpBody,
    async handle(incoming, c) {
      const { query, body } = incoming;
      if (body.email === '' && body.phone === '') throw validationFailed('One of email or phone must be set');
      if (body.email !== '' && body.phone !== '')
        throw validationFailed('Only an email address or phone number should be provided');
      if (body.email === '') {
        await sendPhoneOtp(deps, incoming.caller, { ...body, ...captchaOf(body.gotrue_meta_security) });
        return c.json({});
      }
      if (body.channel !== '') throw validationFailed('Channel should only be specified with Phone OTP');
      await mailMagicLink(deps, incoming, query, body);
      return c.json({});
    },
  });

const recover = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/recover',
    docs: {
      operationId: 'goTrueRecover',
      summary: 'Mail a link for a forgotten password',
      description: 'The link signs in, to set another password. An unknown address gets the same answer.',
      answers: SENT,
      errors: ['invalid', 'captcha_failed', 'rate_limited'],
    },
    query: redirectQuery,
    body: z.object({ email: EMAIL, ...mailFields }),
    async handle(incoming, c) {
      const { query, body, caller } = incoming;
      if (body.email === '') throw validationFailed('Password recovery requires an email');
      await requestRecoveryCode(deps, caller, requestOf(incoming, query, body));
      return c.json({});
    },
  });

const ResendBody = z.object({
  type: z.string().default('').meta({ description: '`signup`, `email_change`, `sms` or `phone_change`.' }),
  email: EMAIL,
  phone: PHONE,
  ...mailFields,
});

/** Refuses a body as GoTrue does. @throws AuthError `validation_failed` (400) */
function checkResend({ type, email, phone }: z.output<typeof ResendBody>): void {
  const isOfPhone = isPhoneType(type);
  if (!isOfPhone && type !== 'signup' && type !== 'email_change')
    throw validationFailed('Missing one of these types: signup, email_change, sms, phone_change');
  if (email !== '' && phone !== '')
    throw validationFailed('Only an email address or phone number should be provided.');
  if (!isOfPhone && email === '') throw validationFailed('Type provided requires an email address');
  if (isOfPhone && phone === '') throw validationFailed('Type provided requires a phone number');
}

const resend = (deps: GatewayDeps): Endpoint =>
  endpoint({
    method: 'POST',
    path: '/resend',
    docs: {
      operationId: 'goTrueResend',
      summary: 'Send a pending code again',
      description: 'The one before stops working. If nothing is pending, the answer is the same.',
      answers: SENT,
      errors: ['invalid', 'captcha_failed', 'rate_limited'],
    },
    query: redirectQuery,
    body: ResendBody,
    async handle(incoming, c) {
      const { query, body, caller } = incoming;
      checkResend(body);
      const { type, phone, gotrue_meta_security: security } = body;
      if (isPhoneType(type)) {
        await resendToPhone(deps, caller, { type, phone, ...captchaOf(security) });
        return c.json({});
      }
      const send = type === 'signup' ? resendSignUpCode : resendEmailChangeCodes;
      await send(deps, caller, requestOf(incoming, query, body));
      return c.json({});
    },
  });

/** What the gateway mails to people who are not signed in. */
export const mailEndpoints = (deps: GatewayDeps): Endpoint[] => [
  otp(deps),
  magicLink(deps),
  recover(deps),
  resend(deps),
];
