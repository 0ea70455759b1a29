import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { METADATA_FOLDER } from './metadata.ts';
import { configuredHeaders, type EngineEnvironment, fromEnvironment } from './remote-schema.ts';
import { traceHeaders } from './trace.ts';
import { type Answer, postJson } from './wire.ts';

export type CronTrigger = {
  name: string;
  webhook: string;
  payload?: unknown;
  comment?: string;
  headers: { name: string; value_from_env: string }[];
  retry_conf: { num_retries: number; timeout_seconds: number };
};

/** The cron triggers of the shipped metadata. */
export const readCronTriggers = async (): Promise<CronTrigger[]> =>
  parse(await readFile(join(METADATA_FOLDER, 'cron_triggers.yaml'), 'utf8'));

/** The full minute, as a schedule has it. */
const minuteOf = (now: Date): string => `${now.toISOString().slice(0, 16)}:00Z`;

/**
 * Calls a trigger as if its time had come, and again where that fails (hasura/README.md, "Cron triggers"), without the pauses
 * between. Its schedule is not played.
 * @returns the last answer; null where nobody gave one
 */
export async function fireCronTrigger(
  { name, webhook, payload = null, comment, headers, retry_conf }: CronTrigger,
  env: EngineEnvironment,
): Promise<Answer | null> {
  const call = {
    url: webhook.replace(/\{\{(\w+)\}\}/g, (_, variable: string) => fromEnvironment(env, variable)),
    // Without a comment there is no such key.
    body: { id: randomUUID(), name, scheduled_time: minuteOf(new Date()), payload, comment },
    timeoutSeconds: retry_conf.timeout_seconds,
  };
  let answer: Answer | null = null;
  for (let tries = 0; tries <= retry_conf.num_retries; tries++) {
    const sent = { ...configuredHeaders(env, headers), ...traceHeaders() };
    answer = await postJson({ ...call, headers: sent }).catch(() => null);
    if (answer !== null && answer.status >= 200 && answer.status < 300) break;
  }
  return answer;
}
