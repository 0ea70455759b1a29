import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { METADATA_FOLDER } from './metadata.ts';
import type { CronTrigger } from './metadata-types.ts';
import { configuredHeaders, type EngineEnvironment, filledIn } from './remote-schema.ts';
import { type Answer, postJson } from './wire.ts';

/** The cron triggers of the shipped metadata. */
export const readCronTriggers = async (): Promise<CronTrigger[]> =>
  parse(await readFile(join(METADATA_FOLDER, 'cron_triggers.yaml'), 'utf8'));

/** The start of the minute, as in a schedule. */
const minuteOf = (now: Date): string => `${now.toISOString().slice(0, 16)}:00Z`;

/**
 * Calls a trigger as Hasura does at its scheduled time (hasura/README.md, "Cron triggers"). Does not play schedules and retries.
 * @throws if the webhook does not answer
 */
export function fireCronTrigger(
  { name, webhook, payload = null, comment, headers, retry_conf }: CronTrigger,
  env: EngineEnvironment,
): Promise<Answer> {
  return postJson({
    url: filledIn(env, webhook),
    // JSON leaves out a comment that is undefined.
    body: { id: randomUUID(), name, scheduled_time: minuteOf(new Date()), payload, comment },
    timeoutSeconds: retry_conf?.timeout_seconds ?? 60,
    headers: configuredHeaders(env, headers),
  });
}
