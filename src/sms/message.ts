/** How a message travels. Only Twilio knows WhatsApp. */
export const smsChannels = ['sms', 'whatsapp'] as const;
export type SmsChannel = (typeof smsChannels)[number];

/** A message that is ready to be sent. */
export type TextMessage = Readonly<{
  /** The same at every attempt, so that a receiver can drop a repeat. */
  id: string;
  /** When it was asked for. */
  requestedAt: Date;
  /** A number in the form of E.164. */
  to: string;
  text: string;
  channel: SmsChannel;
}>;

/** A failed attempt, in words that quote no number and nothing of the answer. `final`: a later attempt would fail too. */
export type SmsFailure = Readonly<{ reason: string; final: boolean }>;

export type SmsSender = {
  /** Sends a message once; null for a success. It never throws. */
  send(message: TextMessage, signal: AbortSignal): Promise<SmsFailure | null>;
};
