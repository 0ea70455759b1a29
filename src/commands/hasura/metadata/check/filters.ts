import type { TableName } from '../table-shape.ts';
import {
  type CheckContext,
  isCondition,
  isKnownVariable,
  isSessionVariable,
  relationshipTarget,
  shapeOf,
} from './context.ts';
import { asksForLiveSession } from './live-session.ts';
import { type Finding, finding } from './rules.ts';

const OPERATORS = new Set([
  ...['_eq', '_ne', '_neq', '_gt', '_lt', '_gte', '_lte', '_in', '_nin', '_is_null', '_like', '_nlike'],
  ...['_ilike', '_nilike', '_regex', '_iregex', '_nregex', '_niregex', '_similar', '_nsimilar'],
  ...['_contains', '_contained_in', '_has_key', '_has_keys_any', '_has_keys_all'],
  ...['_ceq', '_cne', '_cneq', '_cgt', '_clt', '_cgte', '_clte'],
]);

type Place = { table: TableName; role: string; at: string };
type CheckedFilter = Place & { filter: Record<string, unknown> | undefined; mayBeEmpty: boolean };

/**
 * Checks a permission's filter. It must exist, name existing columns, and use only session variables that a client cannot
 * forge. In a role with tokens, it must ask for a live session.
 */
export function* checkFilter(context: CheckContext, checked: CheckedFilter): Generator<Finding> {
  const { filter, mayBeEmpty, at } = checked;
  if (filter === undefined || (Object.keys(filter).length === 0 && !mayBeEmpty)) {
    yield finding('filter-required', at, 'Without a condition the permission covers every row.');
    return;
  }
  if (Object.keys(filter).length > 0) yield* checkCondition(context, checked, filter);
  const hasToken = checked.role !== context.declaration.unauthorizedRole;
  if (hasToken && !mayBeEmpty && !asksForLiveSession(context, checked.table, filter)) {
    const message =
      'After a logout, or when an account is disabled, Hasura would serve these rows until the token expires.';
    yield finding('filter-live-session', at, message);
  }
}

function* checkCondition(context: CheckContext, place: Place, condition: unknown): Generator<Finding> {
  if (!isCondition(condition) || Object.keys(condition).length === 0) {
    yield finding('filter-required', place.at, 'An empty condition is true for every row.');
    return;
  }
  for (const [key, value] of Object.entries(condition)) yield* checkEntry(context, place, key, value);
}

function* checkEntry(context: CheckContext, place: Place, key: string, value: unknown): Generator<Finding> {
  if (key === '_and' || key === '_or') {
    const parts = Array.isArray(value) ? value : [];
    if (parts.length === 0) yield finding('filter-required', place.at, `An empty ${key} says nothing.`);
    for (const part of parts) yield* checkCondition(context, place, part);
    return;
  }
  if (key === '_not') return yield* checkCondition(context, place, value);
  if (shapeOf(context, place.table)?.columns.includes(key))
    return yield* checkComparison(context, place, value);
  const target = relationshipTarget(context, place.table, key);
  if (target !== undefined) return yield* checkCondition(context, { ...place, table: target }, value);
  const message = `${key} is neither a column nor a relationship of ${place.table.name}.`;
  yield finding('filter-name', place.at, message);
}

function* checkComparison(context: CheckContext, place: Place, value: unknown): Generator<Finding> {
  if (!isCondition(value) || Object.keys(value).length === 0) {
    yield finding('filter-required', place.at, 'A column without an operator is true for every row.');
    return;
  }
  for (const [operator, operand] of Object.entries(value)) {
    if (!OPERATORS.has(operator)) yield finding('filter-name', place.at, `${operator} is not an operator.`);
    if (operand === null)
      yield finding('filter-required', place.at, `${operator}: null is true for every row.`);
    for (const item of Array.isArray(operand) ? operand : [operand])
      yield* checkVariable(context, place, item);
  }
}

/** Checks that the gateway's tokens carry a session variable, and that the caller's role has tokens. */
export function* checkVariable(
  context: CheckContext,
  place: Pick<Place, 'role' | 'at'>,
  value: unknown,
): Generator<Finding> {
  if (!isSessionVariable(value)) return;
  if (!isKnownVariable(context, value)) {
    yield finding('filter-variable', place.at, `No token carries ${value}.`);
  }
  if (place.role === context.declaration.unauthorizedRole) {
    yield finding('anonymous-variable', place.at, `Any client can set ${value} in a header.`);
  }
}
