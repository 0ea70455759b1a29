/** Scalars that Hasura defines for Postgres columns. Actions may use them without a declaration. */
export const POSTGRES_SCALARS: ReadonlySet<string> = new Set([
  ...['uuid', 'timestamptz', 'timestamp', 'timetz', 'time', 'date', 'interval', 'json', 'jsonb', 'citext'],
  ...['numeric', 'bigint', 'smallint', 'float8', 'inet', 'bytea', 'name', 'bpchar'],
]);
