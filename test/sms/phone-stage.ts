import { startGateway, type TestGateway } from '../support/gateway.ts';
import { accept, startTwilio, type TwilioServer, twilioEnv } from './twilio.ts';

/** A gateway that sends its text messages by a Twilio on loopback, and no mails. */
export type PhoneStage = { gateway: TestGateway; twilio: TwilioServer; close(): Promise<void> };

export async function openPhoneStage(env: Record<string, string> = {}, answer = accept): Promise<PhoneStage> {
  const twilio = await startTwilio(answer);
  const gateway = await startGateway({ env: { ...twilioEnv(twilio), SMTP_URL: 'off', ...env } });
  return {
    gateway,
    twilio,
    async close() {
      await gateway.close();
      await twilio.close();
    },
  };
}
