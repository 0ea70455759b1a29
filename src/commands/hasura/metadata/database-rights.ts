import type { ClientTransaction } from '../../../db/driver/postgres.ts';
import { HIDDEN_SCHEMAS } from './database-role.ts';
import type { Declaration } from './declaration-types.ts';
import { describeTable } from './table-shape.ts';

const columnsOf = ({ tables }: Declaration, kind: 'readable' | 'editable'): string[] =>
  tables.flatMap(({ table, [kind]: columns }) => {
    const { name } = describeTable(table);
    return columns.map((column) => `${name}.${column}`);
  });

/** The columns that Hasura's role may reference, once casts are guarded. */
const REFERENCED = ['users.id', 'teams.id'];

/** Roles of Postgres whose members can become its superuser. */
const SERVER_ROLES = ['pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'];

/** @throws Error if a declared column is missing */
export async function requireTables(tx: ClientTransaction, declaration: Declaration): Promise<void> {
  const columns = columnsOf(declaration, 'readable');
  const found = await tx`
    select from information_schema.columns
    where table_schema = ${declaration.databaseSchema} and table_name || '.' || column_name = any(${columns})`;
  const [{ guarded } = { guarded: null }] = await tx<{ guarded: string | null }[]>`
    select to_regprocedure('portcullis_private.give_references(text)')::text as guarded`;
  if (found.length < columns.length || guarded === null)
    throw new Error('Some of the gateway’s tables are missing. Run npm run db:migrate first.');
}

/**
 * Lists the rights of a role by which code of the application could run as the gateway, or write what only the gateway writes.
 * Any grant counts: by hand, of a group, of public.
 */
async function dangerousRights(tx: ClientTransaction, role: string, declaration: Declaration) {
  const schema = declaration.databaseSchema;
  const editable = columnsOf(declaration, 'editable');
  return await tx<{ subject: string }[]>`
    select 'usage of ' || nspname as subject from pg_namespace
      where nspname = any(${[...HIDDEN_SCHEMAS]}) and has_schema_privilege(${role}, oid, 'usage, create')
    union all select 'create in ' || nspname from pg_namespace
      where nspname = ${schema} and has_schema_privilege(${role}, oid, 'create')
    union all select 'membership of ' || g.rolname from pg_roles g
      where g.rolname <> ${role} and pg_has_role(${role}, g.oid, 'member') and (g.rolname = any(${SERVER_ROLES})
        or g.rolsuper or g.rolcreaterole or exists (
          select from pg_namespace where nspname = any(${[...HIDDEN_SCHEMAS, schema]}) and nspowner = g.oid))
    union all select privilege || ' on ' || c.relname
      from pg_class c cross join unnest(array['insert', 'update', 'delete', 'truncate', 'trigger', 'references']) privilege
      where c.relnamespace = ${schema}::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and has_table_privilege(${role}, c.oid, privilege)
    union all select privilege || ' of ' || c.relname || '.' || a.attname
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        cross join unnest(array['insert', 'update', 'references']) privilege
      where c.relnamespace = ${schema}::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and has_column_privilege(${role}, c.oid, a.attnum, privilege)
        and not has_table_privilege(${role}, c.oid, privilege)
        and not (privilege = 'update' and c.relname || '.' || a.attname = any(${editable}))
        and not (privilege = 'references' and c.relname || '.' || a.attname = any(${REFERENCED}))`;
}

/** @throws Error naming the dangerous rights of the role */
export async function refuseDangerousRights(
  tx: ClientTransaction,
  role: string,
  declaration: Declaration,
): Promise<void> {
  const dangerous = await dangerousRights(tx, role, declaration);
  if (dangerous.length === 0) return;
  const list = dangerous.map(({ subject }) => subject).join(', ');
  throw new Error(`The role ${role} has rights that it must not have: ${list}. Revoke them first.`);
}

/** Lists the columns that a role may read without being declared. An operator granted them, and they stay. */
export async function undeclaredReads(
  tx: ClientTransaction,
  role: string,
  declaration: Declaration,
): Promise<string[]> {
  const schema = declaration.databaseSchema;
  const rows = await tx<{ subject: string }[]>`
    select c.relname || '.' || a.attname as subject
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = ${schema}::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and has_column_privilege(${role}, c.oid, a.attnum, 'select')
        and not c.relname || '.' || a.attname = any(${columnsOf(declaration, 'readable')})
      order by 1`;
  return rows.map(({ subject }) => subject);
}
