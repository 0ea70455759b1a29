/**
 * Sorts the keys of a JSON value, at every depth, as GoTrue does for metadata. Postgres keeps the keys of a jsonb in another order.
 */
export function sortKeys(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  return typeof value === 'object' && value !== null ? sortKeys(value as Record<string, unknown>) : value;
};
