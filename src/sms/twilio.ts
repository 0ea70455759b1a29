import { z } from 'zod';
import type { SmsConfig } from '../config/config.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { SmsFailure, SmsSender, TextMessage } from './message.ts';

/** The refusals that a later attempt may turn into a success: the operator mends the settings, or Twilio has room again. */
const PASSING_STATUSES: ReadonlySet<number> = new Set([401, 403, 404, 408, 409, 425, 429]);

const refusal = z.object({ code: z.number().int() });
const accepted = z.object({ sid: z.string().regex(/^[A-Z]{2}[0-9a-f]{32}$/) });

/** Returns the fields of a message, as the API's "Create a Message" names them. */
function fieldsOf({ from, whatsAppFrom }: SmsConfig['twilio'], message: TextMessage): URLSearchParams {
  if (message.channel === 'whatsapp')
    return new URLSearchParams({
      To: `whatsapp:${message.to}`,
      From: `whatsapp:${whatsAppFrom ?? from}`,
      Body: message.text,
    });
  const sender = from.startsWith('MG') && from.length > 11 ? 'MessagingServiceSid' : 'From';
  return new URLSearchParams({ To: message.to, [sender]: from, Body: message.text });
}

function parseJson(body: Buffer | null): unknown {
  try {
    return JSON.parse(body?.toString('utf8') ?? '');
  } catch {
    return null;
  }
}

function failureOf(status: number, body: Buffer | null): SmsFailure | null {
  const answer = parseJson(body);
  if (status >= 200 && status < 300)
    // A server that is not Twilio may answer 200, for example the page of a proxy.
    return accepted.safeParse(answer).success ? null : { reason: 'unusable_answer', final: false };
  const { data } = refusal.safeParse(answer);
  const reason = data === undefined ? `status ${status}` : `status ${status}, Twilio's error ${data.code}`;
  return { reason, final: status >= 400 && status < 500 && !PASSING_STATUSES.has(status) };
}

/** Sends by the REST API of Twilio. It throws if no answer comes. */
export function createTwilioSender(config: SmsConfig['twilio'], outbound: Outbound): SmsSender {
  const url = new URL(`${config.url}/2010-04-01/Accounts/${config.accountSid}/Messages.json`);
  const credentials = Buffer.from(`${config.user}:${config.password}`).toString('base64');
  return {
    async send(message, signal) {
      const headers = {
        authorization: `Basic ${credentials}`,
        'content-type': 'application/x-www-form-urlencoded',
        accept: 'application/json',
      };
      const body = fieldsOf(config, message).toString();
      const answer = await outbound.request(url, { method: 'POST', headers, body, signal });
      return failureOf(answer.status, answer.body);
    },
  };
}
