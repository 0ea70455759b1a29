import { afterEach, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { createMailInbox } from '../../src/mail/inbox.ts';
import { createOutbound } from '../../src/outbound/outbound.ts';
import type { SmsFailure, TextMessage } from '../../src/sms/message.ts';
import { createSmsSender } from '../../src/sms/sender.ts';
import { createWebhookSecret, startReceiver, verify } from '../webhooks/receiver.ts';
import { ACCOUNT, AUTH_TOKEN, accept, json, startTwilio, twilioEnv } from './twilio.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const message: TextMessage = {
  id: 'msg_1',
  requestedAt: new Date('2026-11-29T12:00:00Z'),
  to: '+4915112345678',
  text: '123456 is your code.',
  channel: 'sms',
};

const allow = { hosts: [], ranges: ['loopback'] };
const outbound = createOutbound({ allow });
/** For servers that never answer. A busy machine may need as long for an answer. */
const impatient = createOutbound({ allow, withinMs: 500 });

/** Sends one message as a gateway with these variables does. */
async function send(
  env: Record<string, string>,
  { sent = message, through = outbound } = {},
): Promise<SmsFailure | null | undefined> {
  const sender = createSmsSender(readConfig(env), { outbound: through, inbox: null });
  return sender?.send(sent, new AbortController().signal);
}

async function twilio(answer = accept) {
  const server = await startTwilio(answer);
  closing.push(server.close);
  return server;
}

test('Twilio gets the message with the credentials of the account', async () => {
  const server = await twilio();
  expect(await send(twilioEnv(server))).toBeNull();
  const [asked] = server.asked;
  expect(asked?.path).toBe(`/2010-04-01/Accounts/${ACCOUNT}/Messages.json`);
  expect(asked?.fields).toEqual({ To: message.to, From: '+15005550006', Body: message.text });
  const credentials = Buffer.from(`${ACCOUNT}:${AUTH_TOKEN}`).toString('base64');
  expect(asked?.headers.authorization).toBe(`Basic ${credentials}`);
});

test('Twilio gets an API key, a messaging service and the channel whatsapp where they are configured', async () => {
  const server = await twilio();
  const service = `MG${'4'.repeat(32)}`;
  const key = `SK${'5'.repeat(32)}`;
  const env = {
    ...twilioEnv(server),
    TWILIO_API_KEY: key,
    TWILIO_FROM: service,
    TWILIO_WHATSAPP_FROM: '+15005550007',
  };
  expect(await send(env)).toBeNull();
  expect(await send(env, { sent: { ...message, channel: 'whatsapp' } })).toBeNull();
  expect(server.asked.map(({ fields }) => fields)).toEqual([
    { To: message.to, MessagingServiceSid: service, Body: message.text },
    { To: `whatsapp:${message.to}`, From: 'whatsapp:+15005550007', Body: message.text },
  ]);
  const credentials = Buffer.from(`${key}:${AUTH_TOKEN}`).toString('base64');
  expect(server.asked[0]?.headers.authorization).toBe(`Basic ${credentials}`);
});

test.each([
  [400, { code: 21211, message: 'The number +4915112345678 is not valid.' }, true],
  [429, { code: 20429 }, false],
  [401, { code: 20003 }, false],
  [500, 'down', false],
  [503, {}, false],
])('Twilio’s answer %i %o is a failure that quotes no number', async (status, body, final) => {
  const server = await twilio((response) => json(response, status, body));
  const failure = await send(twilioEnv(server));
  const code = typeof body === 'object' && 'code' in body ? `, Twilio's error ${body.code}` : '';
  expect(failure).toEqual({ reason: `status ${status}${code}`, final });
});

test('an answer that is not Twilio’s does not count as sent', async () => {
  const page = await twilio((response) => response.writeHead(200).end('<html>Welcome</html>'));
  expect(await send(twilioEnv(page))).toEqual({ reason: 'unusable_answer', final: false });
  const other = await twilio((response) => json(response, 200, { ok: true }));
  expect(await send(twilioEnv(other))).toEqual({ reason: 'unusable_answer', final: false });
});

test('a Twilio that is slow, hangs up or is away is tried again', async () => {
  const slow = await twilio(() => {});
  expect(await send(twilioEnv(slow), { through: impatient })).toEqual({ reason: 'timeout', final: false });
  const hangsUp = await twilio((response) => response.destroy());
  expect(await send(twilioEnv(hangsUp))).toEqual({ reason: 'ECONNRESET', final: false });
  expect(await send(twilioEnv({ url: 'http://127.0.0.1:1' }))).toEqual({
    reason: 'ECONNREFUSED',
    final: false,
  });
});

test('a webhook gets a signed message, the same at every attempt', async () => {
  const receiver = await startReceiver();
  closing.push(receiver.close);
  const secrets = [createWebhookSecret(), createWebhookSecret()];
  const env = {
    SMS_PROVIDER: 'webhook',
    ALLOW_PRIVATE_ADDRESSES: 'loopback',
    SMS_WEBHOOK_URL: receiver.url,
    SMS_WEBHOOK_SECRETS: secrets.join(),
  };
  expect([await send(env), await send(env)]).toEqual([null, null]);
  const [first, second] = receiver.deliveries;
  if (first === undefined || second === undefined) return expect.fail('Two deliveries were expected.');
  expect(first.body).toBe(second.body);
  expect(first.headers['webhook-id']).toBe(message.id);
  for (const secret of secrets)
    expect(verify(secret, first)).toEqual({
      type: 'sms.send',
      timestamp: '2026-11-29T12:00:00.000Z',
      data: { to: message.to, text: message.text, channel: 'sms' },
    });
});

test.each([
  [400, true],
  [422, true],
  [410, true],
  [404, false],
  [429, false],
  [503, false],
])('a webhook that answers %i is final: %s', async (status, final) => {
  const receiver = await startReceiver({ answer: (response) => response.writeHead(status).end() });
  closing.push(receiver.close);
  const env = {
    SMS_PROVIDER: 'webhook',
    ALLOW_PRIVATE_ADDRESSES: 'loopback',
    SMS_WEBHOOK_URL: receiver.url,
    SMS_WEBHOOK_SECRETS: createWebhookSecret(),
  };
  expect(await send(env)).toEqual({ reason: `status ${status}`, final });
});

test('the provider test shows messages on the local inbox page', async () => {
  const inbox = createMailInbox();
  const sender = createSmsSender(readConfig({ SMS_PROVIDER: 'test' }), { outbound, inbox });
  const text = '123456 is your code for <Engines & Co>.';
  expect(await sender?.send({ ...message, text }, new AbortController().signal)).toBeNull();
  const html = '<p>123456 is your code for &#60;Engines &#38; Co&#62;.</p>';
  expect(inbox.list()).toMatchObject([{ to: message.to, text, html }]);
});

test('without SMS_PROVIDER the gateway creates no sender', () => {
  expect(createSmsSender(readConfig({}), { outbound, inbox: null })).toBeNull();
});
