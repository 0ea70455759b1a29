import type { Declaration } from './declaration-types.ts';
import { GENERATED } from './generated-mark.ts';
import { describeTable } from './table-shape.ts';

/** Stands for the role's name; psql fills it in as well (`psql -v role=hasura -f database-role.sql`). */
const ROLE = ':"role"';

/** The gateway's own: Hasura's role may not even look into them. */
export const HIDDEN_SCHEMAS = ['portcullis_private', 'portcullis_migrations', 'portcullis_jobs'] as const;

const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;

/** Column by column: what a later migration adds can be read once it is declared, and not before. */
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

/** What one statement, one wait for a lock and one silent transaction of Hasura's may take. */
const TIMEOUTS = {
  statement_timeout: '30s',
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '60s',
} as const;

/** The grants of Hasura's own database role. Run again, they also take away what is no longer declared. */
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

/** The same SQL for one role, ready to be sent to Postgres. */
export function databaseRoleSqlFor(role: string, declaration: Declaration): string {
  return databaseRoleSql(declaration).replaceAll(ROLE, () => quote(role));
}
