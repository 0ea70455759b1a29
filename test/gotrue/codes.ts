import { expect } from 'vitest';
import { type Arrived, startSmtp, type TestSmtp } from '../mail/smtp.ts';
import { newPerson, startGateway, type TestGateway } from '../support/gateway.ts';
import { codeOf, hasCode, mailsTo, nthMailTo } from './mailbox.ts';
import { send, type WireAnswer } from './wire.ts';

/** A mailed code, and its link. */
type MailedCode = { mail: Arrived; code: string; link: URL; token: string; type: string };

export type Codes = {
  gateway: TestGateway;
  smtp: TestSmtp;
  /** Posts to the GoTrue dialect. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<WireAnswer>;
  /** Opens a link at this gateway, as a browser does, without following the answer. */
  open(link: URL, method?: string): Promise<Response>;
  /** Waits until an address has `count` mails with a code, and returns the last of them. */
  mailed(email: string, count?: number): Promise<MailedCode>;
  /** How many mails an address has once all jobs are done. */
  countMails(email: string): Promise<number>;
  close(): Promise<void>;
};

export const SITE = 'https://app.example.com';

/** A gateway whose mails arrive at a real SMTP server, without a spacing of mails. */
export async function startCodes(env: Record<string, string> = {}): Promise<Codes> {
  const smtp = await startSmtp();
  const gateway = await startGateway({
    env: {
      ...{ SMTP_URL: smtp.url, APP_URL: SITE, LIMIT_MAIL_SPACING_SECONDS: '0', DATABASE_POOL_SIZE: '20' },
      ...{ REDIRECT_URLS: `${SITE}/**,myapp://login`, LIMIT_CODES_PER_ADDRESS: '10000/60' },
      ...{ LIMIT_CODE_GUESSES_PER_ADDRESS: '10000/60', LIMIT_PASSWORD_RESET_PER_ADDRESS: '10000/60' },
      ...env,
    },
  });
  const idle = async () => {
    for (let wait = 0; wait < 1200; wait++) {
      const [{ count } = {}] =
        await gateway.sql`select count(*)::int from portcullis_jobs.jobs where attempts < max_attempts`;
      if (count === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('The jobs were not done.');
  };
  return {
    gateway,
    smtp,
    post: (path, body = {}, headers = {}) => send(gateway, 'POST', path, { body, headers }),
    open: (link, method = 'GET') =>
      fetch(gateway.url + link.pathname + link.search, { method, redirect: 'manual' }),
    mailed: async (email, count = 1) => parse(await nthMailTo(smtp, email, count, hasCode)),
    async countMails(email) {
      await idle();
      return mailsTo(smtp, email).filter(hasCode).length;
    },
    async close() {
      await gateway.close();
      await smtp.stop();
    },
  };
}

function parse(mail: Arrived): MailedCode {
  const link = new URL(
    /https:\S+\/(?:verify|mail\/link)\?\S+/.exec(mail.text)?.[0] ?? 'https://none.example',
  );
  const { searchParams } = link;
  return {
    mail,
    code: codeOf(mail),
    link,
    token: searchParams.get('token') ?? '',
    type: searchParams.get('type') ?? '',
  };
}

/** A person with a verified address and no password. */
export async function verifiedUser(codes: Codes): Promise<{ id: string; email: string }> {
  const { email } = newPerson();
  await codes.post('/otp', { email });
  const { code } = await codes.mailed(email);
  const { body } = await codes.post('/verify', { type: 'email', email, token: code });
  return { id: (body as { user: { id: string } }).user.id, email };
}

/** The error for a code that is wrong, was used or has expired, as `expectError` takes it. */
export const EXPIRED = [403, 'otp_expired', 'Token has expired or is invalid'] as const;

/** The same for a link. */
export const DEAD_LINK = [403, 'otp_expired', 'Email link is invalid or has expired'] as const;

/** A session in an answer. */
export const SESSION = {
  ...{ access_token: expect.any(String), token_type: 'bearer', expires_in: expect.any(Number) },
  ...{ expires_at: expect.any(Number), refresh_token: expect.any(String) },
};

/** Another code than this one. */
export const otherThan = (code: string): string => String((Number(code) + 1) % 1_000_000).padStart(6, '0');
