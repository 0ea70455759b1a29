import type { Declaration } from './declaration-types.ts';
import { GENERATED } from './generated-mark.ts';
import { describeTable } from './table-shape.ts';

/** The placeholders of both roles, which psql replaces too: as identifiers and as texts. */
const ROLE = { identifier: ':"role"', text: `:'role'` };
const GUARD = { identifier: ':"guard"', text: `:'guard'` };

/** The gateway's private schemas. Hasura's role has no privilege in them. */
export const HIDDEN_SCHEMAS = [
  'portcullis_private',
  'portcullis_guard',
  'portcullis_migrations',
  'portcullis_jobs',
] as const;

const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;
const quoteText = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** Returns grants for single columns, so that a column of a later migration is readable only once it is declared. */
function tableGrants(declaration: Declaration): string[] {
  return declaration.tables.flatMap(({ table, readable, editable }) => {
    const { name } = describeTable(table);
    const give = (privilege: string, columns: readonly string[]) =>
      columns.length === 0
        ? []
        : [
            `select portcullis_private.give_hasura(${ROLE.text}, '${privilege}', ${quoteText(name)}, array[${columns.map(quoteText).join(', ')}]);`,
          ];
    return [...give('select', readable), ...give('update', editable)];
  });
}

/** The timeouts of Hasura's statements, of its waits for locks and of its idle transactions. */
const TIMEOUTS = {
  statement_timeout: '30s',
  lock_timeout: '10s',
  idle_in_transaction_session_timeout: '60s',
} as const;

/**
 * Returns the SQL of the grants of Hasura's database role, and of the role that runs the guarded statements. Run again, it
 * revokes what it gave before and what is no longer declared.
 */
export function databaseRoleSql(declaration: Declaration): string {
  return `${GENERATED.replace(/^#/, '--')}
-- Applied by npm run hasura:role, or by hand after: create role hasura login password '…'; create role portcullis_guard nologin;
--   psql --single-transaction -v role=hasura -v guard=portcullis_guard -f database-role.sql
select portcullis_private.withdraw_hasura_grants(${ROLE.text});
grant usage on schema ${quote(declaration.databaseSchema)} to ${ROLE.identifier};
${tableGrants(declaration).join('\n')}

-- The role of the guarded statements. It may do what Hasura's role may, and change the users and teams that the gateway names.
grant ${ROLE.identifier} to ${GUARD.identifier};
select portcullis_private.set_guard(${GUARD.text});

-- Needs hasura/database-casts.sql, which a superuser runs.
select portcullis_private.give_references(${ROLE.text});

-- Of every database; what is set for the role in one database (alter role … in database … set …) goes before it.
${Object.entries(TIMEOUTS)
  .map(([setting, value]) => `alter role ${ROLE.identifier} set ${setting} = '${value}';`)
  .join('\n')}

-- What Hasura keeps for itself in a database that it serves.
create extension if not exists pgcrypto with schema public;
create schema if not exists hdb_catalog authorization ${ROLE.identifier};
alter schema hdb_catalog owner to ${ROLE.identifier};
`;
}

/** Returns the same SQL for named roles, without placeholders. */
export function databaseRoleSqlFor(
  { role, guard }: { role: string; guard: string },
  declaration: Declaration,
): string {
  return databaseRoleSql(declaration)
    .replaceAll(ROLE.identifier, () => quote(role))
    .replaceAll(ROLE.text, () => quoteText(role))
    .replaceAll(GUARD.identifier, () => quote(guard))
    .replaceAll(GUARD.text, () => quoteText(guard));
}
