import { beforeEach, expect } from 'vitest';
import type { Caller } from '../../src/flows/shared/caller.ts';
import { startSmtp } from '../mail/smtp.ts';
import { forFile } from '../support/for-file.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Member, verifiedPerson } from './people.ts';
import { bearer, send, type WireAnswer } from './wire.ts';

const CODES = { '+15005550011': '111111', '+15005550012': '222222' };

export type Body = Record<string, unknown>;
type Tokens = Pick<Member, 'accessToken'>;

/** Who calls a flow that a test runs without a request. */
export const by: Caller = { device: { address: '203.0.113.7', userAgent: 'test' } };

const CODE = /\b\d{6}\b/;

/** A gateway and a mail server for one file of tests, and what a signed-in person changes there. */
export function ownChanges() {
  const smtp = forFile(async () => {
    const server = await startSmtp();
    return { mails: server.mails, url: server.url, close: () => server.stop() };
  });
  const env = () => ({
    SMTP_URL: smtp.url,
    SMS_PROVIDER: 'test',
    SMS_TEST_CODES: Object.entries(CODES)
      .map((entry) => entry.join('='))
      .join(),
    LIMIT_SIGNUP_PER_ADDRESS: '1000/60',
    LIMIT_SMS_PER_ADDRESS: '1000/60',
  });
  const others = forFile(async () => {
    const started: TestGateway[] = [];
    return {
      started,
      async close() {
        for (const each of started) await each.close();
      },
    };
  });
  const gateway = forFile(() => startGateway({ env: env() }));
  let ada: Member;
  beforeEach(async () => {
    ada = await verifiedPerson(gateway);
    await gateway.sql`delete from portcullis_private.rate_limits`;
  });

  const update = (body: unknown, { accessToken }: Tokens = ada, at = gateway): Promise<WireAnswer> =>
    send(at, 'PUT', '/user', { body, headers: bearer(accessToken) });
  return {
    gateway,
    /** A new person for each test. */
    get ada() {
      return ada;
    },
    update,
    async updated(body: unknown, member: Tokens = ada, at = gateway): Promise<Body> {
      const answer = await update(body, member, at);
      expect(answer).toMatchObject({ status: 200 });
      return answer.body as Body;
    },
    /** Waits for a mail with a code to an address, and returns the code of the last one. */
    async codeTo(address: string): Promise<string> {
      const find = () => smtp.mails.findLast(({ to, text }) => to.includes(address) && CODE.test(text));
      await expect.poll(() => find() !== undefined).toBe(true);
      return CODE.exec(find()?.text ?? '')?.[0] ?? '';
    },
    /** Starts another gateway, with a database of its own. */
    async gatewayWith(more: Record<string, string>): Promise<TestGateway> {
      const other = await startGateway({ env: { ...env(), ...more } });
      others.started.push(other);
      return other;
    },
  };
}
