import { AuthError } from '../../errors.ts';
import { confirmPhoneChange } from '../../flows/account/confirm-phone-change.ts';
import type { SignedIn } from '../../flows/shared/complete-sign-in.ts';
import { requestPhoneCode } from '../../flows/sign-in/request-phone-code.ts';
import { resendPhoneCode } from '../../flows/sign-in/resend-phone-code.ts';
import { signInWithPhoneCode } from '../../flows/sign-in/sign-in-with-phone-code.ts';
import type { RequestCaller } from '../../request/caller.ts';
import type { GatewayDeps } from '../../request/deps.ts';
import type { Metadata } from '../../users/account-details.ts';
import { parseMetadata } from '../../users/metadata.ts';
import { refuse, respell } from './errors.ts';

// What /otp, /resend and /verify do with a phone number.

const disabled = (message: string) => () => refuse(400, 'phone_provider_disabled', message);

/** The errors that GoTrue names in another way where a code is sent to a number. */
const names = {
  otp: { feature_disabled: disabled('Unsupported phone provider') },
  resend: { feature_disabled: disabled('Phone logins are disabled') },
} as const;

type Captcha = { captchaToken: string; captchaAttribute: string };

type PhoneOtp = { phone: string; channel: string; create_user: boolean; data: Metadata };

/** Sends a code that signs in. @throws AuthError as requestPhoneCode does */
export const sendPhoneOtp = (
  deps: GatewayDeps,
  caller: RequestCaller,
  { phone, channel, create_user: createUser, data, ...captcha }: PhoneOtp & Captcha,
): Promise<void> => {
  const userMetadata = parseMetadata(data, 'data');
  const input = { phone, channel, createUser, userMetadata, tellsUnknown: true, ...captcha };
  return respell(requestPhoneCode(deps, caller, input), names.otp);
};

const phoneTypes = ['sms', 'phone_change'] as const;
type PhoneType = (typeof phoneTypes)[number];

/** Whether a text names a type of verification by a number. */
export const isPhoneType = (type: string): type is PhoneType => phoneTypes.some((known) => known === type);

/** Sends a pending code again. @throws AuthError as resendPhoneCode does */
export const resendToPhone = (
  deps: GatewayDeps,
  caller: RequestCaller,
  { phone, type, ...captcha }: { phone: string; type: PhoneType } & Captcha,
): Promise<void> =>
  respell(resendPhoneCode(deps, caller, { phone, purpose: type, ...captcha }), names.resend);

const flowsOfTypes = { sms: signInWithPhoneCode, phone_change: confirmPhoneChange } as const;

/** Signs in with a code that went to a number. An unknown type is a code for which no purpose is right. */
export async function verifyPhone(
  deps: GatewayDeps,
  caller: RequestCaller,
  { phone, token, type }: { phone: string; token: string; type: string },
): Promise<SignedIn> {
  if (!isPhoneType(type)) throw new AuthError('invalid_code');
  return flowsOfTypes[type](deps, caller, { phone, code: token, form: 'gotrue' });
}
