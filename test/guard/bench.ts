import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject } from 'vitest';
import { databaseCastsSql } from '../../src/commands/hasura/metadata/database-casts.ts';
import { applyHasuraLogin } from '../../src/commands/hasura/metadata/database-login.ts';
import { openDatabase } from '../../src/db/client.ts';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { installedVersions, startInstalledPostgres } from '../support/system-postgres.ts';

/** The servers at hand: that of the tests (`null`), and the versions of Postgres that the system has installed. */
export const servers: readonly (string | null)[] = [null, ...(await installedVersions())];

export const nameOf = (version: string | null): string =>
  version === null ? 'the tests’ Postgres' : `Postgres ${version}`;

const SECRET = '$argon2id$secret';

/** The person whose account is deleted, their team, and another person. */
export const [ADA, TEAM, GRACE] = ['1', '2', '3'].map(
  (digit) => `018f0000-0000-7000-8000-00000000000${digit}`,
) as [string, string, string];

const PEOPLE = `
  insert into portcullis.users (id, email, name) values
    ('${ADA}', 'ada@example.com', 'Ada'), ('${GRACE}', 'grace@example.com', 'Grace');
  insert into portcullis.teams (id, name) values ('${TEAM}', 'Engines');
  insert into portcullis.memberships (team_id, user_id, role) values ('${TEAM}', '${ADA}', 'OWNER');
  insert into portcullis_private.passwords (user_id, hash) values ('${ADA}', '${SECRET}'), ('${GRACE}', '${SECRET}')`;

/** Every way that planted code tries to get, or to leave for later, the rights of the gateway. */
const attempts = (gateway: string): readonly string[] => [
  `perform set_config('role', 'none', true)`,
  `perform set_config('role', 'none', false)`,
  'set role none',
  'reset role',
  `execute 'set role ${gateway}'`,
  `execute 'set local role ${gateway}'`,
  `execute 'set session authorization ${gateway}'`,
  'set session authorization default',
  `perform set_config('session_authorization', '${gateway}', false)`,
  'set session_replication_role = replica',
  'alter function portcullis_private.guarded_delete_users(uuid[]) security invoker',
  'create or replace function portcullis_guard.settle() returns void language sql as $q$ select $q$',
  'grant portcullis to current_user',
  'alter table portcullis.users disable trigger user',
  `update portcullis.users set email = 'thief@example.com' where id = '${GRACE}'`,
  `update portcullis_guard.users set email = 'thief@example.com' where id = '${GRACE}'`,
  `delete from portcullis.users where id = '${GRACE}'`,
  `delete from portcullis_guard.users where id = '${GRACE}'`,
  `insert into portcullis.jwks (id, alg, public_jwk, expires_at)
     values ('jwk_00000000000000000000000000000001', 'ES256', '{}', now() + interval '1 day')`,
  `insert into portcullis_private.permitted_changes (subject) values ('${GRACE}')`,
];

/** The tables and functions of an application that attacks. `app.loot` gets what the code could read. */
const application = (gateway: string): string => `
  create table app.loot (place text, found text);
  create function app.rob(place text) returns void language plpgsql as $f$
  begin
    ${attempts(gateway)
      .map((attempt) => `begin ${attempt}; exception when others then null; end;`)
      .join('\n    ')}
    insert into app.loot values (place, 'ran');
    begin
      insert into app.loot select place, 'password ' || hash from portcullis_private.passwords;
    exception when others then null; end;
    begin
      if current_user = '${gateway}' then insert into app.loot values (place, 'gateway'); end if;
    exception when others then null; end;
  end $f$;
  -- For statements that may not write.
  create function app.spy() returns text language plpgsql as $f$
  declare found text := 'nothing';
  begin
    ${attempts(gateway)
      .map((attempt) => `begin ${attempt}; exception when others then null; end;`)
      .join('\n    ')}
    begin
      found := (select min(hash) from portcullis_private.passwords);
    exception when others then null; end;
    return found || case when current_user = '${gateway}' then ' as the gateway' else '' end;
  end $f$;
  create function app.rob_row() returns trigger language plpgsql as $f$
  begin
    if pg_trigger_depth() <= 2 then perform app.rob(tg_argv[0]); end if;
    return case when tg_op = 'DELETE' and tg_when = 'BEFORE' then old when tg_when = 'BEFORE' then new end;
  end $f$;
  create function app.rob_value(place text) returns boolean language plpgsql as $f$
  begin perform app.rob(place); return true; end $f$`;

async function startServer(version: string | null) {
  if (version === null) return { url: inject('postgresUrl'), stop: async () => {} };
  return await startInstalledPostgres(version);
}

const connect = (url: string) => postgres(url, { max: 1, onnotice: () => {} });

/**
 * A database whose owner, the gateway, is not a superuser, with an application that Hasura's role owns.
 * `gateway` is the gateway's pool, `hasura` a login of Hasura, `admin` a superuser.
 */
export async function openBench(version: string | null) {
  const server = await startServer(version);
  const id = randomBytes(6).toString('hex');
  const names = { gateway: `gateway_${id}`, hasura: `hasura_${id}`, database: `portcullis_test_${id}` };
  const root = connect(server.url);
  await root.unsafe(`create role ${names.gateway} login createrole password 'secret'`);
  await root.unsafe(`create database ${names.database} owner ${names.gateway} template template0`);
  const urlOf = (user: string | null): string => {
    const url = new URL(server.url);
    url.pathname = names.database;
    if (user !== null) Object.assign(url, { username: user, password: 'secret' });
    return url.href;
  };
  const admin = connect(urlOf(null));
  const ownerUrl = urlOf(names.gateway);
  await applyMigrations(ownerUrl);
  await admin.unsafe(databaseCastsSql());
  const applied = await applyHasuraLogin({ ownerUrl, hasuraUrl: urlOf(names.hasura), schema: 'app' });
  const hasura = connect(urlOf(names.hasura));
  await hasura.unsafe(application(names.gateway));
  const pool = openDatabase({ url: ownerUrl, poolSize: 1, statementTimeoutMs: 5000 });
  return {
    ...{ names, applied, ownerUrl, admin, hasura, gateway: pool.db, hasuraUrl: urlOf(names.hasura) },
    /** Begins a test: the people exist, and the application has only what `application` creates. */
    async reset(): Promise<void> {
      await hasura.unsafe(`
        do $$ declare r record; begin
          for r in select oid::regclass as name from pg_class where relkind = 'v' and relnamespace = 'app'::regnamespace loop
            execute format('drop view %s cascade', r.name); end loop;
          for r in select oid::regclass as name from pg_class
            where relkind = 'r' and relnamespace = 'app'::regnamespace and relname <> 'loot' loop
            execute format('drop table %s cascade', r.name); end loop; end $$;
        truncate app.loot`);
      await admin.unsafe(`truncate portcullis.users, portcullis.teams, portcullis.jwks cascade; ${PEOPLE}`);
    },
    /** What the planted code found, by place. */
    async loot(): Promise<Record<string, string[]>> {
      const rows = await admin<{ place: string; found: string[] }[]>`
        select place, array_agg(distinct found order by found) as found from app.loot group by place`;
      return Object.fromEntries(rows.map(({ place, found }) => [place, found]));
    },
    async close() {
      await Promise.all([pool.close(), hasura.end(), admin.end()]);
      await root.unsafe(`drop database ${names.database} with (force)`);
      for (const role of [names.hasura, applied.guard, names.gateway]) {
        await root.unsafe(`drop owned by "${role}" cascade; drop role "${role}"`);
      }
      await root.end();
      await server.stop();
    },
  };
}
