/** What the engine calls a JSON value. */
export const kindOf = (value: unknown): string =>
  value === null
    ? 'Null'
    : Array.isArray(value)
      ? 'Array'
      : `${typeof value}`.replace(/^./, (first) => first.toUpperCase());
