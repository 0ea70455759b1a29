import { z } from 'zod';
import { configureLimits, type LimitDeclaration, limitVariables } from '../limit.ts';
import { integer, list, seconds, text } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { endpointUrl, isReachable } from './outbound.ts';
import { isProduction } from './server.ts';
import { webhookSecrets } from './webhooks.ts';

/** A phone number of E.164, with its plus sign. */
const NUMBER = /^\+[1-9]\d{1,14}$/;

/** Who sends the text messages: a phone number, a name that receivers see, or a messaging service of Twilio. */
const twilioSender = () =>
  text().regex(/^(?:\+[1-9]\d{1,14}|MG[0-9a-f]{32}|[A-Za-z0-9 ]{1,11})$/, {
    error: 'must be a number like +15005550006, the id of a messaging service (MG…), or a name',
  });

/** `number=code`, as often as needed. The codes have six digits, as those that the gateway makes. */
const testCodes = () =>
  list()
    .pipe(z.array(z.string().regex(/^\+?[1-9]\d{1,14}=\d{6}$/, 'must look like +15005550001=123456,…')))
    .transform((entries) =>
      Object.fromEntries(
        entries.map((entry) => {
          const [number = '', code = ''] = entry.split('=');
          return [number.startsWith('+') ? number : `+${number}`, code] as const;
        }),
      ),
    );

const limits = {
  smsPerNumber: {
    name: 'sms_number',
    per: 'number',
    variable: 'LIMIT_SMS_PER_NUMBER',
    default: '10/86400',
    description:
      'Text messages per phone number, with or without an account, and those that a signed-in user causes: count/seconds.',
  },
  smsPerUser: { name: 'sms_user', per: 'user', rateOf: 'smsPerNumber' },
  smsOfAll: {
    name: 'sms_of_all',
    per: 'gateway',
    variable: 'LIMIT_SMS',
    default: '120/3600',
    description:
      'Text messages to all numbers together. It bounds what a fraud with expensive numbers costs.',
  },
  smsPerAddress: {
    name: 'sms_address',
    per: 'address',
    variable: 'LIMIT_SMS_PER_ADDRESS',
    default: '10/3600',
    description: 'Text messages per client address.',
  },
  smsUnaddressed: {
    name: 'sms_unaddressed',
    per: 'unaddressed',
    variable: 'LIMIT_SMS_UNADDRESSED',
    default: '60/3600',
    description: 'Text messages of all clients whose address is unknown (behind Hasura).',
  },
} as const satisfies Record<string, LimitDeclaration>;

/** Text messages with codes. */
export const smsVariables = {
  SMS_PROVIDER: variable({
    parser: z.enum(['off', 'twilio', 'webhook', 'test']),
    default: 'off',
    description:
      'Who sends [text messages](../sms/README.md): `twilio`, or your own service (`webhook`). `test` sends none and shows them on the local inbox page; production refuses it. With `off` the gateway sends no codes: phone numbers need `AUTOCONFIRM=phone`, and sign in by password only.',
  }),
  SMS_TEST_CODES: variable({
    parser: testCodes(),
    default: '',
    description:
      'Numbers with a fixed code, for tests: `number=code,…`. No message is sent to them. Refused in production.',
    shownDefault: 'none',
  }),
  SMS_CODE_TTL: variable({
    parser: seconds(30, 3600),
    default: '300',
    description: 'Seconds for which a code in a text message is valid.',
  }),
  SMS_TEXT: variable({
    parser: text()
      .max(300, 'must have at most 300 characters')
      .refine((value) => value.includes('{{code}}'), 'must contain {{code}}'),
    description:
      'Replaces the text of the messages. It may use `{{code}}`, `{{site}}` and `{{minutes}}`. Without it MAIL_LOCALE decides: `en` and `de` are built in.',
    shownDefault: 'none',
  }),
  SMS_COUNTRIES: variable({
    parser: list().pipe(z.array(z.string().regex(/^\+[1-9]\d{0,6}$/, 'must be prefixes like +49'))),
    default: '',
    description:
      'Prefixes of the numbers that may get messages, separated by commas: `+49,+43`. Name the countries of your users: fraud uses expensive numbers of others.',
    shownDefault: 'all',
  }),
  TWILIO_ACCOUNT_SID: variable({
    parser: text().regex(/^AC[0-9a-f]{32}$/, 'must be AC and 32 digits and letters'),
    description: 'Account of Twilio. Required with `SMS_PROVIDER=twilio`.',
  }),
  TWILIO_API_KEY: variable({
    parser: text().regex(/^SK[0-9a-f]{32}$/, 'must be SK and 32 digits and letters'),
    description: 'API key of Twilio. With it, TWILIO_AUTH_TOKEN is the secret of the key.',
    shownDefault: 'none',
  }),
  TWILIO_AUTH_TOKEN: variable({
    parser: text().min(16, 'must have at least 16 characters'),
    description: 'Auth token of the account. Required with `SMS_PROVIDER=twilio`.',
    secret: true,
  }),
  TWILIO_FROM: variable({
    parser: twilioSender(),
    description:
      'Sender of the messages: a number, the id of a messaging service (`MG…`) or a name. Required with `SMS_PROVIDER=twilio`.',
  }),
  TWILIO_WHATSAPP_FROM: variable({
    parser: text().regex(NUMBER, 'must be a number like +15005550006'),
    description: 'Number that sends messages by WhatsApp. Without it the channel `whatsapp` is refused.',
    shownDefault: 'none',
  }),
  TWILIO_URL: variable({
    parser: endpointUrl().transform((url) => url.replace(/\/+$/, '')),
    default: 'https://api.twilio.com',
    description: 'URL of the API of Twilio, for another region.',
  }),
  SMS_WEBHOOK_URL: variable({
    parser: endpointUrl(),
    description:
      'URL of your own service, which sends the messages that the gateway posts. Required with `SMS_PROVIDER=webhook`.',
    secret: true,
  }),
  SMS_WEBHOOK_SECRETS: variable({
    parser: webhookSecrets(),
    description:
      'Secrets that sign what is posted to SMS_WEBHOOK_URL, as WEBHOOK_SECRETS. Required with `SMS_PROVIDER=webhook`.',
    secret: true,
  }),
  LIMIT_SMS_SPACING_SECONDS: variable({
    parser: integer(0, 86_400),
    default: '60',
    description: 'Seconds between two text messages of the same kind to the same number. 0: no spacing.',
  }),
  ...limitVariables(limits),
};

export const smsConfig = (e: Environment) => ({
  sms: {
    provider: e.SMS_PROVIDER,
    /** The fixed codes, by number of E.164. */
    testCodes: e.SMS_TEST_CODES,
    codeTtlSeconds: e.SMS_CODE_TTL,
    text: e.SMS_TEXT ?? null,
    /** Prefixes of the numbers that may get messages; empty if all may. */
    countries: e.SMS_COUNTRIES,
    twilio: {
      url: e.TWILIO_URL,
      accountSid: e.TWILIO_ACCOUNT_SID ?? '',
      user: e.TWILIO_API_KEY ?? e.TWILIO_ACCOUNT_SID ?? '',
      password: e.TWILIO_AUTH_TOKEN ?? '',
      from: e.TWILIO_FROM ?? '',
      whatsAppFrom: e.TWILIO_WHATSAPP_FROM ?? null,
    },
    webhook: { url: e.SMS_WEBHOOK_URL ?? '', secrets: e.SMS_WEBHOOK_SECRETS ?? [] },
  },
});

export const smsLimitConfig = (e: Environment) => ({
  smsSpacingSeconds: e.LIMIT_SMS_SPACING_SECONDS,
  ...configureLimits(limits, e),
});

/** The variables that each provider needs. */
const NEEDED = {
  off: [],
  test: [],
  twilio: ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM'],
  webhook: ['SMS_WEBHOOK_URL', 'SMS_WEBHOOK_SECRETS'],
} as const satisfies Record<Environment['SMS_PROVIDER'], readonly (keyof Environment)[]>;

/** Names what the provider needs and is not set, what the gateway cannot reach, and what production refuses. */
export function smsProblems(e: Environment): string[] {
  const missing = NEEDED[e.SMS_PROVIDER]
    .filter((name) => e[name] === undefined)
    .map((name) => `${name}: required with SMS_PROVIDER=${e.SMS_PROVIDER}`);
  const unreachable = (['SMS_WEBHOOK_URL', 'TWILIO_URL'] as const)
    .filter((name) => e[name] !== undefined && !isReachable(e[name], e.ALLOW_PRIVATE_ADDRESSES))
    .map((name) => `${name}: needs https, or its host in ALLOW_PRIVATE_ADDRESSES`);
  if (!isProduction(e)) return [...missing, ...unreachable];
  return [
    ...missing,
    ...unreachable,
    ...(e.SMS_PROVIDER === 'test' ? ['SMS_PROVIDER: cannot be test in production'] : []),
    ...(Object.keys(e.SMS_TEST_CODES).length > 0 ? ['SMS_TEST_CODES: cannot be set in production'] : []),
  ];
}
