import type { JobHelpers, Task, TaskList } from 'graphile-worker';
import type { WebhookConfig } from '../config/config.ts';
import type { Log } from '../log.ts';
import type { Resolve } from '../outbound/addresses.ts';
import { createOutbound } from '../outbound/outbound.ts';
import { OutboundError } from '../outbound/outbound-error.ts';
import { createWebhookHeaders } from '../outbound/standard-webhook.ts';
import type { WebhookJob } from './events.ts';
import { taskOf } from './queue.ts';

/** The timeout of one delivery, from the lookup of the host to the answer. Standard Webhooks suggests 15 to 30 seconds. */
const DELIVER_WITHIN_MS = 15_000;

/** What is read of an answer at most. Only its status counts. */
const MAX_ANSWER_BYTES = 64 * 1024;

export type DeliverDeps = Readonly<{
  webhooks: WebhookConfig;
  log: Log;
  /** For tests: how hosts are looked up. */
  resolve?: Resolve;
}>;

/** A failed attempt, in words that quote nothing of the URL or of the answer. */
type Failure = { reason: string; final: boolean };

/**
 * Returns the tasks that deliver webhooks, one for each endpoint. A task throws if a later attempt may succeed, and the job library
 * tries again with growing delays. It logs any other failure and finishes the job. The errors that it throws quote nothing: the
 * library keeps them in the database.
 */
export function createWebhookTasks(deps: DeliverDeps): TaskList {
  return Object.fromEntries(deps.webhooks.urls.map((url) => [taskOf(url), createTask(deps, new URL(url))]));
}

function createTask(deps: DeliverDeps, url: URL): Task {
  const send = createSender(deps, url);
  return async (payload, { job, abortSignal }) => {
    const webhook = payload as WebhookJob;
    const last = job.attempts >= job.max_attempts;
    const attempt = { jobId: job.id, event: webhook.type, host: url.host, attempt: job.attempts, last };
    const failure = await send(webhook, abortSignal);
    if (failure === null) {
      deps.log.debug(attempt, 'A webhook was delivered.');
      return;
    }
    const { reason, final } = failure;
    if (final || last) {
      deps.log.warn({ ...attempt, reason }, 'A webhook was given up.');
      return;
    }
    deps.log.warn({ ...attempt, reason }, 'A webhook could not be delivered yet; it will be tried again.');
    throw new Error(`Not delivered: ${reason}`);
  };
}

/** Returns a function that sends a webhook once. It returns null for a success. */
function createSender({ webhooks, resolve }: DeliverDeps, url: URL) {
  const headersOf = createWebhookHeaders(webhooks.secrets);
  const outbound = createOutbound({
    allow: webhooks.allowPrivate,
    withinMs: DELIVER_WITHIN_MS,
    maxBytes: MAX_ANSWER_BYTES,
    resolve,
  });
  return async (webhook: WebhookJob, abortSignal: JobHelpers['abortSignal']): Promise<Failure | null> => {
    const body = bodyOf(webhook);
    const headers = headersOf(webhook.id, body);
    const signal = abortSignal as AbortSignal;
    try {
      const { status } = await outbound.request(url, { method: 'POST', headers, body, signal });
      return failureOf(status);
    } catch (error) {
      if (!(error instanceof OutboundError)) throw error;
      return { reason: error.code, final: false };
    }
  };
}

/** The body of a webhook. It is the same for every attempt. */
const bodyOf = ({ type, timestamp, data }: WebhookJob): string => JSON.stringify({ type, timestamp, data });

/** A receiver that answers 410 does not want the webhook. Any other refusal may be a fault that its operator mends. */
function failureOf(status: number): Failure | null {
  if (status >= 200 && status < 300) return null;
  return { reason: `status ${status}`, final: status === 410 };
}
