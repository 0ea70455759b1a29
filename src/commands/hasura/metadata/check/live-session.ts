import { sameTable, type TableName } from '../table-shape.ts';
import { type CheckContext, isCondition, liveSessionOf, relationshipTarget } from './context.ts';

/**
 * Whether a filter asks for a live session: the row, or a related row, must match the declared condition. Every branch of an
 * `_or` needs the condition. A condition below a `_not` does not count.
 */
export function asksForLiveSession(context: CheckContext, table: TableName, filter: unknown): boolean {
  const { table: users, condition } = liveSessionOf(context);
  if (sameTable(table, users) && includes(filter, condition)) return true;
  return entriesOf(filter).some(([key, value]) => {
    if (key === '_or')
      return (
        Array.isArray(value) &&
        value.length > 0 &&
        value.every((part) => asksForLiveSession(context, table, part))
      );
    const target = relationshipTarget(context, table, key);
    return target !== undefined && asksForLiveSession(context, target, value);
  });
}

/** Returns the entries that must all match: those of a condition and of its `_and`. */
function entriesOf(condition: unknown): [string, unknown][] {
  if (!isCondition(condition)) return [];
  return Object.entries(condition).flatMap(([key, value]): [string, unknown][] =>
    key === '_and' && Array.isArray(value) ? value.flatMap(entriesOf) : [[key, value]],
  );
}

/** Whether a condition includes another one. It ignores the case of session variables. */
function includes(condition: unknown, wanted: unknown): boolean {
  if (!isCondition(wanted)) return String(condition).toLowerCase() === String(wanted).toLowerCase();
  const entries = entriesOf(condition);
  return Object.entries(wanted).every(([key, value]) =>
    entries.some(([name, given]) => name === key && includes(given, value)),
  );
}
