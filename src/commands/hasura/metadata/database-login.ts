import { type DatabaseTarget, readDatabaseUrl } from '../../../config/database-url.ts';
import { openClient } from '../../../db/client.ts';
import type { ClientTransaction } from '../../../db/driver/postgres.ts';
import type { DatabaseAccess } from '../../../db/inspection.ts';
import { databaseRoleSqlFor, HIDDEN_SCHEMAS } from './database-role.ts';
import { declaration as ours } from './declaration.ts';
import type { Declaration } from './declaration-types.ts';
import { scramVerifier } from './scram.ts';
import { describeTable } from './table-shape.ts';

const STATEMENT_TIMEOUT_MS = 60_000;

type Login = { role: string; password: string };
type Attributes = { more: boolean } | undefined;

/** Reads Hasura’s login from a URL that the gateway and Hasura parse alike. */
function readHasuraLogin(owner: DatabaseTarget, hasuraUrl: string): Login {
  const { user: role, password } = readDatabaseUrl(hasuraUrl, 'HASURA_SOURCE_DATABASE_URL');
  const login = { role, password };
  if (login.password === '') throw new Error('HASURA_SOURCE_DATABASE_URL has no password.');
  if (login.role === owner.user) {
    throw new Error(
      `HASURA_SOURCE_DATABASE_URL must name a role of its own, not the one in ${owner.variable}.`,
    );
  }
  if (Buffer.byteLength(login.role) > 63)
    throw new Error('The name of a Postgres role has at most 63 bytes.');
  return login;
}

const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;

/** Creates the role, or sets the password of an existing plain login role. */
async function ensureRole(tx: ClientTransaction, { role, password }: Login): Promise<void> {
  const [found] = (await tx`
    select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as more
    from pg_roles where rolname = ${role}`) as unknown as [Attributes];
  if (found?.more === true)
    throw new Error(`The role ${role} may do more than log in: use another one for Hasura.`);
  // DDL takes no parameters. A verifier needs no quoting: it has only base64, `$` and `:`.
  const verifier = scramVerifier(password);
  await tx.unsafe(`${found ? 'alter' : 'create'} role ${quote(role)} login password '${verifier}'`);
}

/** Runs as a member of the role: only a member may give it a schema. The membership ends afterwards; a superuser needs none. */
async function asMember(tx: ClientTransaction, role: string, run: () => Promise<void>): Promise<void> {
  const [row] = await tx<{ able: boolean }[]>`select pg_has_role(${role}, 'usage') as able`;
  const able = row?.able === true;
  if (!able) await tx.unsafe(`grant ${quote(role)} to current_user`);
  await run();
  if (!able) await tx.unsafe(`revoke ${quote(role)} from current_user`);
}

type Privilege = { subject: string };

const columnsOf = ({ tables }: Declaration, kind: 'readable' | 'editable'): string[] =>
  tables.flatMap(({ table, [kind]: columns }) => {
    const { name } = describeTable(table);
    return columns.map((column) => `${name}.${column}`);
  });

/** Lists the role's privileges in the gateway's schemas that are not declared, by any grant. */
async function surplusPrivileges(tx: ClientTransaction, role: string, declaration: Declaration) {
  const schema = declaration.databaseSchema;
  const editable = columnsOf(declaration, 'editable');
  const readable = columnsOf(declaration, 'readable');
  return await tx<Privilege[]>`
    select 'usage of ' || nspname as subject from pg_namespace
      where nspname = any(${[...HIDDEN_SCHEMAS]})
        and has_schema_privilege(${role}, oid, 'usage, create')
    union all select 'create in ' || nspname from pg_namespace
      where nspname = ${schema} and has_schema_privilege(${role}, oid, 'create')
    union all select privilege || ' on ' || c.relname
      from pg_class c cross join unnest(array['select', 'insert', 'delete', 'truncate', 'trigger', 'update']) privilege
      where c.relnamespace = ${schema}::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and has_table_privilege(${role}, c.oid, privilege)
    union all select 'read of ' || c.relname || '.' || a.attname
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = ${schema}::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and has_column_privilege(${role}, c.oid, a.attnum, 'select')
        and not c.relname || '.' || a.attname = any(${readable})
    union all select 'write of ' || c.relname || '.' || a.attname
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = ${schema}::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
        and (has_column_privilege(${role}, c.oid, a.attnum, 'insert')
          or has_column_privilege(${role}, c.oid, a.attnum, 'update')
            and not c.relname || '.' || a.attname = any(${editable}))`;
}

async function refuseSurplus(tx: ClientTransaction, role: string, declaration: Declaration): Promise<void> {
  const surplus = await surplusPrivileges(tx, role, declaration);
  if (surplus.length === 0) return;
  const list = surplus.map(({ subject }) => subject).join(', ');
  throw new Error(`The role ${role} has undeclared privileges: ${list}. Revoke them first.`);
}

async function requireTables(tx: ClientTransaction, declaration: Declaration): Promise<void> {
  const columns = columnsOf(declaration, 'readable');
  const found = await tx`
    select from information_schema.columns
    where table_schema = ${declaration.databaseSchema} and table_name || '.' || column_name = any(${columns})`;
  if (found.length < columns.length)
    throw new Error('Some of the gateway’s tables are missing. Run npm run db:migrate first.');
}

export type HasuraLoginInput = {
  /** The URL of the gateway’s own role. */
  ownerUrl: string;
  hasuraUrl: string;
  declaration?: Declaration;
  /** The inspected access of the owner’s connections. */
  database?: Omit<DatabaseAccess, 'url'>;
};

/**
 * Creates or updates the login role of HASURA_SOURCE_DATABASE_URL, and gives it exactly the declared grants, in one
 * transaction. Returns the role's name.
 * @throws Error with a message for an operator
 */
export async function applyHasuraLogin(input: HasuraLoginInput): Promise<string> {
  const { ownerUrl, hasuraUrl, declaration = ours, database } = input;
  const owner = readDatabaseUrl(ownerUrl, database?.variable);
  const login = readHasuraLogin(owner, hasuraUrl);
  const sql = openClient(owner, {
    prepare: true,
    ...database,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    applicationName: 'portcullis-hasura-role',
    arrays: true,
  });
  try {
    await sql.begin(async (tx) => {
      await requireTables(tx, declaration);
      await ensureRole(tx, login);
      await asMember(tx, login.role, async () => {
        await tx.unsafe(databaseRoleSqlFor(login.role, declaration));
      });
      await refuseSurplus(tx, login.role, declaration);
    });
    return login.role;
  } finally {
    await sql.end({ timeout: 5 });
  }
}
