import type { Config } from '../config/config.ts';
import { escapeHtml } from '../mail/html.ts';
import type { MailInbox } from '../mail/inbox.ts';
import type { Outbound } from '../outbound/outbound.ts';
import { outboundError } from '../outbound/outbound-error.ts';
import type { SmsFailure, SmsSender } from './message.ts';
import { createTwilioSender } from './twilio.ts';
import { createWebhookSender } from './webhook.ts';

/** Shows messages on the local inbox page, beside the mails. */
const createInboxSender = (inbox: MailInbox | null): SmsSender => ({
  async send({ id, to, text }) {
    inbox?.deliver({ messageId: id, to, subject: 'Text message', text, html: `<p>${escapeHtml(text)}</p>` });
    return null;
  },
});

/** A connection that failed says nothing of the message: it is sent again. */
const withoutErrors = ({ send }: SmsSender): SmsSender => ({
  send: (message, signal) =>
    send(message, signal).catch(
      (error: unknown): SmsFailure => ({ reason: outboundError(error).code, final: false }),
    ),
});

/** Creates the sender of SMS_PROVIDER; null if it is off. */
export function createSmsSender(
  { sms }: Pick<Config, 'sms'>,
  { outbound, inbox }: { outbound: Outbound; inbox: MailInbox | null },
): SmsSender | null {
  if (sms.provider === 'off') return null;
  if (sms.provider === 'test') return createInboxSender(inbox);
  return withoutErrors(
    sms.provider === 'twilio'
      ? createTwilioSender(sms.twilio, outbound)
      : createWebhookSender(sms.webhook, outbound),
  );
}
