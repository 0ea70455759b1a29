import { Webhook } from 'standardwebhooks';
import type { SmsConfig } from '../config/config.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { version } from '../version.ts';
import type { SmsSender, TextMessage } from './message.ts';

/** The answers by which a service says that it will never send this message. */
const FINAL_STATUSES: ReadonlySet<number> = new Set([400, 410, 422]);

/** The headers of Standard Webhooks. The time is that of the attempt: a receiver refuses an old one as a replay. */
function headersOf(id: string, body: string, signers: readonly Webhook[]): Record<string, string> {
  const now = new Date();
  return {
    'content-type': 'application/json',
    'user-agent': `Portcullis/${version}`,
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': signers.map((signer) => signer.sign(id, now, body)).join(' '),
  };
}

/** The body, which is the same for every attempt. */
const bodyOf = ({ requestedAt, to, text, channel }: TextMessage): string =>
  JSON.stringify({ type: 'sms.send', timestamp: requestedAt.toISOString(), data: { to, text, channel } });

/** Posts the messages to a service of the operator, signed as Standard Webhooks says. It throws if no answer comes. */
export function createWebhookSender({ url, secrets }: SmsConfig['webhook'], outbound: Outbound): SmsSender {
  const signers = secrets.map((secret) => new Webhook(secret));
  return {
    async send(message, signal) {
      const body = bodyOf(message);
      const headers = headersOf(message.id, body, signers);
      const { status } = await outbound.request(new URL(url), { method: 'POST', headers, body, signal });
      if (status >= 200 && status < 300) return null;
      return { reason: `status ${status}`, final: FINAL_STATUSES.has(status) };
    },
  };
}
