import { sameTable, type TableName } from '../table-shape.ts';
import { type CheckContext, isCondition, liveSessionOf, relationshipTarget } from './context.ts';

/**
 * Whether a filter holds only for rows of a user who is signed in: on the row itself or behind a relationship stands the
 * declared condition. Every branch of an `_or` needs it, and below a `_not` it counts for nothing.
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

/** What must hold together: the entries of a condition, and those of its `_and`. */
function entriesOf(condition: unknown): [string, unknown][] {
  if (!isCondition(condition)) return [];
  return Object.entries(condition).flatMap(([key, value]): [string, unknown][] =>
    key === '_and' && Array.isArray(value) ? value.flatMap(entriesOf) : [[key, value]],
  );
}

/** Whether a condition asks for all that another one asks for. The case of session variables makes no difference. */
function includes(condition: unknown, wanted: unknown): boolean {
  if (!isCondition(wanted)) return String(condition).toLowerCase() === String(wanted).toLowerCase();
  const entries = entriesOf(condition);
  return Object.entries(wanted).every(([key, value]) =>
    entries.some(([name, given]) => name === key && includes(given, value)),
  );
}
