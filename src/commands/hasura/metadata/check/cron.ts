import type { CheckContext } from './context.ts';
import { type Finding, finding } from './rules.ts';

const FIELDS = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12 },
  { min: 0, max: 7 },
] as const;
const PART = /^(?:\*|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/;

function isCronField(field: string, { min, max }: { min: number; max: number }): boolean {
  return field.split(',').every((part) => {
    const match = PART.exec(part);
    if (match === null) return false;
    const [from = min, to = from, step = 1] = match
      .slice(1)
      .map((text) => (text === undefined ? undefined : Number(text)));
    return from >= min && to <= max && from <= to && step >= 1 && step <= max;
  });
}

/**
 * Whether a schedule has five fields of numbers, ranges, lists and steps.
 * @internal exported for its test
 */
export function isCronExpression(schedule: string): boolean {
  const fields = schedule.split(' ');
  return (
    fields.length === FIELDS.length && FIELDS.every((range, index) => isCronField(fields[index] ?? '', range))
  );
}

/** Checks that cron triggers survive an export, have a valid schedule and retry. */
export function* checkCron({ metadata }: CheckContext): Generator<Finding> {
  const names = metadata.cron_triggers.map(({ name }) => name);
  for (const [index, trigger] of metadata.cron_triggers.entries()) {
    const at = `cron trigger ${trigger.name}`;
    if (names.indexOf(trigger.name) !== index) yield finding('cron', at, 'Two cron triggers have this name.');
    if (!trigger.include_in_metadata) {
      yield finding('cron', at, 'include_in_metadata must be true, or the next export loses it.');
    }
    if (!isCronExpression(trigger.schedule))
      yield finding('cron', at, `${trigger.schedule} is not a cron expression.`);
    const { num_retries = 0, retry_interval_seconds = 0 } = trigger.retry_conf ?? {};
    if (num_retries < 1 || retry_interval_seconds < 1) {
      yield finding('cron', at, 'It must retry after a delay: set num_retries and retry_interval_seconds.');
    }
  }
}
