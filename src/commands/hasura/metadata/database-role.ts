import type { Declaration } from './declaration-types.ts';
import { GENERATED } from './generated-mark.ts';
import { describeTable } from './table-shape.ts';

/** The placeholder of the role's name. psql replaces it too (`psql -v role=hasura -f database-role.sql`). */
const ROLE = ':"role"';

/** The gateway's private schemas. Hasura's role has no privilege in them. */
export const HIDDEN_SCHEMAS = [
  'portcullis_private',
  'portcullis_guard',
  'portcullis_migrations',
  'portcullis_jobs',
] as const;

const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;

/** Returns grants for single columns, so that a column of a later migration is readable only once it is declared. */
function tableGrants(declaration: Declaration): string[] {
  return declaration.tables.flatMap(({ table, readable, editable }) => {
    const { schema, name } = describeTable(table);
    const grant = (privilege: string, columns: readonly string[]) =>
      columns.length === 0
        ? []
        : [
            `grant ${privilege} (${columns.map(quote).join(', ')}) on ${quote(schema)}.${quote(name)} to ${ROLE};`,
          ];
    return [...grant('select', readable), ...grant('update', editable)];
  });
}

/** The timeouts of Hasura's statements, of its waits for locks and of its idle transactions. */
const TIMEOUTS = {
  statement_timeout: '30s',
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '60s',
} as const;

/** Returns the SQL of the grants of Hasura's database role. Run again, it revokes what is no longer declared. */
export function databaseRoleSql(declaration: Declaration): string {
  const schemas = [declaration.databaseSchema, ...HIDDEN_SCHEMAS].map(quote);
  const revocations = schemas.flatMap((schema) => [
    `revoke all on all tables in schema ${schema} from ${ROLE};`,
    `revoke all on all sequences in schema ${schema} from ${ROLE};`,
    `revoke all on schema ${schema} from ${ROLE};`,
  ]);
  return `${GENERATED.replace(/^#/, '--')}
-- Applied by npm run hasura:role, or by hand: psql --single-transaction -v role=hasura -f database-role.sql
${revocations.join('\n')}

grant usage on schema ${quote(declaration.databaseSchema)} to ${ROLE};
${tableGrants(declaration).join('\n')}

-- Of every database; what is set for the role in one database (alter role … in database … set …) goes before it.
${Object.entries(TIMEOUTS)
  .map(([setting, value]) => `alter role ${ROLE} set ${setting} = '${value}';`)
  .join('\n')}

-- What Hasura keeps for itself in a database that it serves.
create extension if not exists pgcrypto with schema public;
create schema if not exists hdb_catalog authorization ${ROLE};
alter schema hdb_catalog owner to ${ROLE};
`;
}

/** Returns the same SQL for a named role, without placeholders. */
export function databaseRoleSqlFor(role: string, declaration: Declaration): string {
  return databaseRoleSql(declaration).replaceAll(ROLE, () => quote(role));
}
