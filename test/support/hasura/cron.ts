import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { METADATA_FOLDER } from './metadata.ts';
import { configuredHeaders, type EngineEnvironment, fromEnvironment } from './remote-schema.ts';
import { type Answer, postJson } from './wire.ts';

export type CronTrigger = {
  name: string;
  webhook: string;
  payload?: unknown;
  comment?: string;
  headers: { name: string; value_from_env: string }[];
  retry_conf: { timeout_seconds: number };
};

/** The cron triggers of the shipped metadata. */
export const readCronTriggers = async (): Promise<CronTrigger[]> =>
  parse(await readFile(join(METADATA_FOLDER, 'cron_triggers.yaml'), 'utf8'));

/** The full minute, as a schedule has it. */
const minuteOf = (now: Date): string => `${now.toISOString().slice(0, 16)}:00Z`;

/**
 * Calls a trigger as if its time had come (hasura/README.md, "Cron triggers"). Neither its schedule nor its retries are played.
 * @throws if no answer comes
 */
export function fireCronTrigger(
  { name, webhook, payload = null, comment, headers, retry_conf }: CronTrigger,
  env: EngineEnvironment,
): Promise<Answer> {
  return postJson({
    url: webhook.replace(/\{\{(\w+)\}\}/g, (_, variable: string) => fromEnvironment(env, variable)),
    // Without a comment there is no such key.
    body: { id: randomUUID(), name, scheduled_time: minuteOf(new Date()), payload, comment },
    timeoutSeconds: retry_conf.timeout_seconds,
    headers: configuredHeaders(env, headers),
  });
}
