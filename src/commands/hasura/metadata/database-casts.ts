import { GENERATED } from './generated-mark.ts';

/**
 * Returns the SQL of the event trigger that refuses casts to uuid. Postgres runs the cast of a referencing column as the owner of
 * the referenced table. So without it, the right to reference users is the right to run code as the gateway.
 */
export const databaseCastsSql = (): string => `${GENERATED.replace(/^#/, '--')}
-- Run once in the gateway's database, by a superuser or another role that may create event triggers. After it, npm run hasura:role
-- lets Hasura's role reference portcullis.users and portcullis.teams.
do $do$
begin
  if exists (select from pg_event_trigger where evtname = 'portcullis_casts') then
    alter event trigger portcullis_casts enable always;
    return;
  end if;
  create schema portcullis_casts;
  create function portcullis_casts.refuse() returns event_trigger language plpgsql set search_path = pg_catalog, pg_temp as $refuse$
  begin
    if exists (
      select from pg_event_trigger_ddl_commands() d
        join pg_cast c on d.classid = 'pg_cast'::regclass and c.oid = d.objid
        join pg_proc p on p.oid = c.castfunc
        join pg_roles r on r.oid = p.proowner
      where c.casttarget = 'uuid'::regtype and not r.rolsuper
    ) then
      raise exception 'Casts to uuid are refused here: they would run with the rights of the owner of portcullis.users.'
        using errcode = 'insufficient_privilege';
    end if;
  end
  $refuse$;
  create event trigger portcullis_casts on ddl_command_end when tag in ('CREATE CAST')
    execute function portcullis_casts.refuse();
  alter event trigger portcullis_casts enable always;
end
$do$;
`;

/**
 * Returns SQL that creates the event trigger if this login may: a superuser, or a role that the provider allows it. Otherwise it
 * changes nothing.
 */
export const tryDatabaseCastsSql = (): string => `do $try$
begin
  execute $casts$${databaseCastsSql()}$casts$;
exception when insufficient_privilege or feature_not_supported then
  null;
end
$try$;
`;
