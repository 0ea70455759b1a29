/** Scalars that Hasura provides for Postgres columns; actions may use them undeclared. */
export const POSTGRES_SCALARS: ReadonlySet<string> = new Set([
  ...['uuid', 'timestamptz', 'timestamp', 'timetz', 'time', 'date', 'interval', 'json', 'jsonb', 'citext'],
  ...['numeric', 'bigint', 'smallint', 'float8', 'inet', 'bytea', 'name', 'bpchar'],
]);
