import { randomInt } from 'node:crypto';
import { expect } from 'vitest';
import type { Caller } from '../../src/flows/shared/caller.ts';
import { requestPhoneCode } from '../../src/flows/sign-in/request-phone-code.ts';
import { type PhoneSignUpInput, signUpWithPhone } from '../../src/flows/sign-in/sign-up-with-phone.ts';
import type { TestGateway } from '../support/gateway.ts';
import type { TwilioServer } from './twilio.ts';

export const by: Caller = { device: { address: '203.0.113.7', userAgent: 'test' } };

export const newNumber = (): string => `+4915${randomInt(10 ** 9, 10 ** 10 - 1)}`;

export const PASSWORD = 'correct horse';

export const askForCode = (
  { deps }: TestGateway,
  phone: string,
  input: Partial<Parameters<typeof requestPhoneCode>[2]> = {},
): Promise<void> =>
  requestPhoneCode(deps, by, { phone, createUser: true, tellsUnknown: true, captchaToken: '', ...input });

export const signUpByPhone = (
  { deps }: TestGateway,
  phone: string,
  input: Partial<PhoneSignUpInput> = {},
): ReturnType<typeof signUpWithPhone> => {
  const byDefault = { password: PASSWORD, userMetadata: {}, channel: '', captchaToken: '' };
  return signUpWithPhone(deps, by, { ...byDefault, phone, ...input });
};

/** Waits for as many messages to a number, and returns the code of the last one. */
export async function receiveCode({ asked }: TwilioServer, number: string, count = 1): Promise<string> {
  const messages = () => asked.flatMap(({ fields }) => (fields.To === number ? [fields.Body ?? ''] : []));
  await expect.poll(() => messages().length).toBe(count);
  return /\b\d{6}\b/.exec(messages().at(-1) ?? '')?.[0] ?? expect.fail('The message has no code.');
}

/** Lets the spacing of messages pass. */
export const passSpacing = ({ sql }: TestGateway): Promise<unknown> =>
  sql`update portcullis_private.rate_limits set resets_at = now() - interval '1 minute' where key like 'sms\\_%'`;

/** Another code than the given one. */
export const wrongCode = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
