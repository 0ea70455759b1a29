import { createHash } from 'node:crypto';
import { type DatabaseTarget, readDatabaseUrl } from '../../../config/database-url.ts';
import { openClient } from '../../../db/client.ts';
import type { ClientTransaction } from '../../../db/driver/postgres.ts';
import type { DatabaseAccess } from '../../../db/inspection.ts';
import { giveSchema } from './application-schema.ts';
import { tryDatabaseCastsSql } from './database-casts.ts';
import { refuseDangerousRights, requireTables, undeclaredReads } from './database-rights.ts';
import { databaseRoleSqlFor } from './database-role.ts';
import { declaration as ours } from './declaration.ts';
import type { Declaration } from './declaration-types.ts';
import { scramVerifier } from './scram.ts';

const STATEMENT_TIMEOUT_MS = 60_000;
const LONGEST_NAME = 63;

type Login = { role: string; password: string };
type Attributes = { more: boolean; login: boolean } | undefined;

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
  if (Buffer.byteLength(login.role) > LONGEST_NAME)
    throw new Error('The name of a Postgres role has at most 63 bytes.');
  return login;
}

const quote = (identifier: string) => `"${identifier.replaceAll('"', '""')}"`;

async function findRole(tx: ClientTransaction, role: string): Promise<Attributes> {
  const [found] = (await tx`
    select rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as more, rolcanlogin as login
    from pg_roles where rolname = ${role}`) as unknown as [Attributes];
  if (found?.more === true)
    throw new Error(`The role ${role} may do more than log in: use another one for Hasura.`);
  return found;
}

/** @throws Error if the login may not create roles */
async function requireCreateRole(tx: ClientTransaction, owner: DatabaseTarget): Promise<void> {
  const [me] = await tx<{ able: boolean }[]>`
    select rolsuper or rolcreaterole as able from pg_roles where rolname = current_user`;
  if (me?.able === true) return;
  throw new Error(
    `The role ${owner.user} of ${owner.variable} may not create roles. Run this command with ${owner.variable} set to the login of a superuser in the same database. hasura/README.md ("The database role") has the way with psql.`,
  );
}

/** Creates the role, or sets the password of an existing plain login role. */
async function ensureRole(tx: ClientTransaction, { role, password }: Login): Promise<void> {
  const found = await findRole(tx, role);
  // DDL takes no parameters. A verifier needs no quoting: it has only base64, `$` and `:`.
  const verifier = scramVerifier(password);
  await tx.unsafe(`${found ? 'alter' : 'create'} role ${quote(role)} login password '${verifier}'`);
}

/** Names the guard of a database. Roles belong to the whole server, and each database has a guard of its own. */
function guardOf(database: string): string {
  const name = `portcullis_guard_${database}`;
  if (Buffer.byteLength(name) <= LONGEST_NAME) return name;
  return `portcullis_guard_${createHash('sha256').update(database).digest('hex').slice(0, 32)}`;
}

/** Finds or creates the role that runs the guarded statements. It cannot log in. */
async function ensureGuard(tx: ClientTransaction): Promise<string> {
  const [now] = await tx<{ guard: string | null; database: string }[]>`
    select portcullis_private.guard() as guard, current_database()::text as database`;
  const guard = now?.guard ?? guardOf(now?.database ?? '');
  const found = await findRole(tx, guard);
  if (found?.login === true) throw new Error(`The role ${guard} can log in: it must not.`);
  if (found === undefined) await tx.unsafe(`create role ${quote(guard)} nologin`);
  return guard;
}

/** Runs as a member of the role: only a member may give it a schema. The membership ends afterwards; a superuser needs none. */
async function asMember(tx: ClientTransaction, role: string, run: () => Promise<void>): Promise<void> {
  const [row] = await tx<{ able: boolean }[]>`select pg_has_role(${role}, 'usage') as able`;
  const able = row?.able === true;
  if (!able) await tx.unsafe(`grant ${quote(role)} to current_user`);
  await run();
  if (!able) await tx.unsafe(`revoke ${quote(role)} from current_user`);
}

export type HasuraLoginInput = {
  /** The URL of the gateway’s own role. */
  ownerUrl: string;
  hasuraUrl: string;
  /** A schema for the application that the role is to own. */
  schema?: string;
  declaration?: Declaration;
  /** The inspected access of the owner’s connections. */
  database?: Omit<DatabaseAccess, 'url'>;
};

export type AppliedLogin = {
  /** Hasura’s role. */
  role: string;
  /** The role that runs the guarded statements. */
  guard: string;
  /** Whether Hasura’s role may reference users and teams. */
  references: boolean;
  /** Columns that the role may read by other grants. */
  otherReads: string[];
};

/**
 * Creates or updates the login role of HASURA_SOURCE_DATABASE_URL and the role of the guarded statements, and gives both
 * the declared grants, in one transaction.
 * @throws Error with a message for an operator
 */
export async function applyHasuraLogin(input: HasuraLoginInput): Promise<AppliedLogin> {
  const { ownerUrl, hasuraUrl, schema, declaration = ours, database } = input;
  const owner = readDatabaseUrl(ownerUrl, database?.variable);
  const login = readHasuraLogin(owner, hasuraUrl);
  const sql = openClient(owner, {
    prepare: true,
    ...database,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    applicationName: 'portcullis-hasura-role',
    arrays: true,
  });
  const { role } = login;
  try {
    return await sql.begin(async (tx) => {
      await requireTables(tx, declaration);
      await requireCreateRole(tx, owner);
      await ensureRole(tx, login);
      await tx.unsafe(tryDatabaseCastsSql());
      const guard = await ensureGuard(tx);
      await asMember(tx, role, async () => {
        await tx.unsafe(databaseRoleSqlFor({ role, guard }, declaration));
        if (schema !== undefined) await giveSchema(tx, { schema, role });
      });
      await refuseDangerousRights(tx, role, declaration);
      const [may] = await tx<{ references: boolean }[]>`
        select has_column_privilege(${role}, 'portcullis.users', 'id', 'references') as references`;
      const otherReads = await undeclaredReads(tx, role, declaration);
      return { role, guard, references: may?.references === true, otherReads };
    });
  } finally {
    await sql.end({ timeout: 5 });
  }
}
