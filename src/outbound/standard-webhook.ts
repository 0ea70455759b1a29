import { Webhook } from 'standardwebhooks';
import { version } from '../version.ts';

/**
 * Returns a function that makes the headers of a JSON body, as Standard Webhooks says. Each secret signs the body. The time is that of
 * the attempt: a receiver refuses an old one as a replay.
 */
export function createWebhookHeaders(
  secrets: readonly string[],
): (id: string, body: string) => Record<string, string> {
  const signers = secrets.map((secret) => new Webhook(secret));
  return (id, body) => {
    const now = new Date();
    return {
      'content-type': 'application/json',
      'user-agent': `Portcullis/${version}`,
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': signers.map((signer) => signer.sign(id, now, body)).join(' '),
    };
  };
}
