import type { Task } from 'graphile-worker';
import type { Config } from '../../config/config.ts';
import type { Database } from '../../db/client.ts';
import type { Log } from '../../log.ts';
import type { CodeMaker } from '../../one-time-codes/code-maker.ts';
import { findCode, makeCode } from '../../one-time-codes/one-time-codes.ts';
import type { SmsSender, TextMessage } from '../../sms/message.ts';
import type { SmsJob } from '../../sms/queue.ts';
import { smsText } from '../../sms/texts.ts';
import { lockUser } from '../../users/users.ts';
import { toldMinutes } from '../shared/told-minutes.ts';

export type SmsDeliverDeps = Readonly<{
  db: Database;
  log: Log;
  sender: SmsSender;
  codes: CodeMaker;
  config: Pick<Config, 'sms' | 'mail' | 'publicUrl'>;
}>;

/** The timeout of one delivery. A slow provider could hold it for ever. */
const SEND_WITHIN_MS = 20_000;

type QueuedJob = { id: string; queuedAt: Date };

/**
 * Returns the task that makes the text message of a job and sends it. It throws if a later attempt may succeed, and the job library
 * tries again with growing delays. It logs any other failure and finishes the job. What it logs and throws quotes no number, no
 * code and nothing of the provider's answer but its status.
 */
export function createSmsTask(deps: SmsDeliverDeps): Task {
  return async (payload, { job, abortSignal }) => {
    const smsJob = payload as SmsJob;
    const last = job.attempts >= job.max_attempts;
    const attempt = { jobId: job.id, attempt: job.attempts, last };
    const queued = { id: job.id, queuedAt: job.created_at };
    const message = await prepare(deps, smsJob, queued).catch((error: unknown) => {
      deps.log.error({ ...attempt, err: error }, 'A text message could not be made.');
      throw new Error('The text message could not be made.');
    });
    if (message === null) return;
    const signals = [AbortSignal.timeout(SEND_WITHIN_MS), abortSignal as AbortSignal];
    const failure = await deps.sender.send(message, AbortSignal.any(signals));
    if (failure === null) {
      deps.log.debug(attempt, 'A text message was delivered.');
      return;
    }
    const { reason, final } = failure;
    if (final || last) {
      deps.log.warn({ ...attempt, reason }, 'A text message was given up.');
      return;
    }
    deps.log.warn(
      { ...attempt, reason },
      'A text message could not be delivered yet; it will be tried again.',
    );
    throw new Error(`Not delivered: ${reason}`);
  };
}

/**
 * Makes the message of a job, and stores the hash of its code. Every attempt makes the same code.
 * @returns null if the message is not needed any more: the code was used, retired or replaced, the account is disabled or deleted,
 * or the request is older than its code may be
 */
async function prepare(
  { db, codes, config }: SmsDeliverDeps,
  job: SmsJob,
  { id, queuedAt }: QueuedJob,
): Promise<TextMessage | null> {
  const { sms, mail, publicUrl } = config;
  if (job.kind === 'none' || Date.now() - queuedAt.getTime() > sms.codeTtlSeconds * 1000) return null;
  const found = await findCode(db, job.codeId);
  if (found === null) return null;
  const made = await db.transaction(async (tx) => {
    const user = await lockUser(tx, found.userId);
    if (user === null || user.disabledAt !== null) return null;
    return makeCode(tx, codes, { id: job.codeId, ttlSeconds: sms.codeTtlSeconds, hasLink: false });
  });
  if (made === null) return null;
  const values = {
    code: made.code,
    site: new URL(publicUrl).host,
    minutes: toldMinutes(sms.codeTtlSeconds),
  };
  const text = smsText({ locale: mail.locale, own: sms.text }, values);
  return {
    id: `msg_sms_${id}_${job.codeId}`,
    requestedAt: queuedAt,
    to: made.target,
    text,
    channel: job.channel,
  };
}
