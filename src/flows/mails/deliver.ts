import type { JobHelpers, Task } from 'graphile-worker';
import type { Log } from '../../log.ts';
import { canonicalEmail } from '../../mail/email-address.ts';
import type { MailJob } from '../../mail/kinds.ts';
import type { Mail } from '../../mail/message.ts';
import type { IdleJob } from '../../mail/queue.ts';
import { finalRefusal, type MailTransport, smtpFailure } from '../../mail/transport.ts';
import { type PrepareDeps, prepareMail } from './prepare.ts';

export type DeliverDeps = PrepareDeps & Readonly<{ log: Log; transport: MailTransport }>;

/** The timeout of one delivery. A slow server could hold it for ever. */
const SEND_WITHIN_MS = 60_000;

type Attempt = { jobId: string; kind: (MailJob | IdleJob)['kind']; attempt: number; last: boolean };

/**
 * Returns the queue's task, which makes the mail of a job and sends it. It throws if a later attempt may succeed, and the job
 * library tries again with growing delays. It logs any other failure and finishes the job. The errors that it throws quote
 * nothing: the library keeps them in the database and in the log, and an error of a mail server or a database may hold addresses.
 */
export function createDeliverTask(deps: DeliverDeps): Task {
  return async (payload, { job, abortSignal }) => {
    const mailJob = payload as MailJob | IdleJob;
    const last = job.attempts >= job.max_attempts;
    const attempt: Attempt = { jobId: job.id, kind: mailJob.kind, attempt: job.attempts, last };
    const mail = await prepareMail(deps, mailJob, { id: job.id, queuedAt: job.created_at }).catch((error) => {
      deps.log.error({ ...attempt, err: error }, 'A mail could not be made.');
      throw new Error('The mail could not be made.');
    });
    if (mail === null) return;
    // The limits count this form of the address.
    const to = canonicalEmail(mail.to);
    if (to === null) deps.log.warn(attempt, 'A mail was given up: its address has no canonical form.');
    else await send(deps, { ...mail, to }, attempt, abortSignal);
  };
}

async function send(
  { transport, log }: DeliverDeps,
  mail: Mail,
  attempt: Attempt,
  abortSignal: JobHelpers['abortSignal'],
): Promise<void> {
  try {
    await within(transport.send(mail), abortSignal);
    log.debug(attempt, 'A mail was delivered.');
  } catch (error) {
    const failure = smtpFailure(error) ?? {};
    const refusal = finalRefusal(failure);
    if (refusal !== null || attempt.last) {
      const why = refusal ?? 'every attempt failed';
      log.warn({ ...attempt, smtp: failure }, `A mail was given up: ${why}.`);
      return;
    }
    log.warn({ ...attempt, smtp: failure }, 'A mail could not be delivered yet; it will be tried again.');
    const codes = [failure.code, failure.responseCode, failure.tls?.code];
    throw new Error(`Not delivered: ${codes.filter(Boolean).join(' ')}`);
  }
}

/** Waits for a mail until the timeout, or until the gateway shuts down. After either, the job is tried again. */
function within(sending: Promise<void>, abortSignal: JobHelpers['abortSignal']): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (code: string) => () => reject(Object.assign(new Error('Not delivered in time.'), { code }));
    const shutDown = give('EABORT');
    const timer = setTimeout(give('ETIMEDOUT'), SEND_WITHIN_MS);
    abortSignal.addEventListener('abort', shutDown, { once: true });
    sending.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      abortSignal.removeEventListener('abort', shutDown);
    });
  });
}
