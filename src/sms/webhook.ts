import type { SmsConfig } from '../config/config.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { createWebhookHeaders } from '../outbound/standard-webhook.ts';
import type { SmsSender, TextMessage } from './message.ts';

/** The answers by which a service says that it will never send this message. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 410, 422]);

/** The body, which is the same for every attempt. */
const bodyOf = ({ requestedAt, to, text, channel }: TextMessage): string =>
  JSON.stringify({ type: 'sms.send', timestamp: requestedAt.toISOString(), data: { to, text, channel } });

/** Posts the messages to a service of the operator, signed as Standard Webhooks says. It throws if no answer comes. */
export function createWebhookSender({ url, secrets }: SmsConfig['webhook'], outbound: Outbound): SmsSender {
  const headersOf = createWebhookHeaders(secrets);
  return {
    async send(message, signal) {
      const body = bodyOf(message);
      const headers = headersOf(message.id, body);
      const { status } = await outbound.request(new URL(url), { method: 'POST', headers, body, signal });
      if (status >= 200 && status < 300) return null;
      return { reason: `status ${status}`, final: FINAL_STATUSES.has(status) };
    },
  };
}
