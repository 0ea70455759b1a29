import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { applyHasuraLogin } from '../../src/commands/hasura/metadata/database-login.ts';
import { createTestDatabase } from '../support/database.ts';

const PASSWORD = 'p@ss/word: "quoted" \'and\' $1 %';

const ROWS = `
  insert into portcullis.users (id, email, name) values ('018f0000-0000-7000-8000-000000000001', 'ada@example.com', 'Ada');
  insert into portcullis.teams (id, name) values ('018f0000-0000-7000-8000-000000000002', 'Engines');
  insert into portcullis.memberships (team_id, user_id, role)
    values ('018f0000-0000-7000-8000-000000000002', '018f0000-0000-7000-8000-000000000001', 'OWNER');
  insert into portcullis.jwks (id, alg, public_jwk, expires_at)
    values ('jwk_00000000000000000000000000000001', 'ES256', '{}', now());
  insert into portcullis.cache (key, value) values ('a.eth', '0x1')`;

async function dropRoles(owner: postgres.Sql, roles: readonly string[]): Promise<void> {
  await owner.unsafe('drop schema if exists hdb_catalog cascade');
  for (const role of roles) {
    const [found] = await owner`select from pg_roles where rolname = ${role}`;
    if (found) await owner`drop owned by ${owner(role)}`;
    if (found) await owner`drop role ${owner(role)}`;
  }
}

/** A database with a row in several tables, and logins for roles that Hasura could use. */
export async function openLogins() {
  const database = await createTestDatabase();
  const owner = postgres(database.url, { max: 1, onnotice: () => {} });
  const roles: string[] = [];
  const opened: postgres.Sql[] = [];
  await owner.unsafe(ROWS);
  const loginUrl = (role: string, password = PASSWORD): string => {
    const url = new URL(database.url);
    url.username = encodeURIComponent(role);
    url.password = encodeURIComponent(password);
    return url.href;
  };
  const logOut = () => Promise.all(opened.splice(0).map((sql) => sql.end()));
  return {
    ...{ database, owner, loginUrl, logOut },
    /** The name of a role that `close` drops. */
    newRole(prefix = 'hasura test "role"'): string {
      const role = `${prefix} ${randomBytes(4).toString('hex')}`;
      roles.push(role);
      return role;
    },
    apply: (role: string, password?: string, schema?: string) =>
      applyHasuraLogin({
        ...{ ownerUrl: database.url, hasuraUrl: loginUrl(role, password) },
        ...(schema !== undefined && { schema }),
      }),
    logIn(url: string): postgres.Sql {
      const sql = postgres(url, { max: 1, onnotice: () => {} });
      opened.push(sql);
      return sql;
    },
    async close() {
      await logOut();
      await dropRoles(owner, roles);
      await owner.end();
      await database.drop();
    },
  };
}

/** `allowed`, or the error code of Postgres. */
export async function refusal(run: PromiseLike<unknown>): Promise<string> {
  return await Promise.resolve(run).then(
    () => 'allowed',
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
}
