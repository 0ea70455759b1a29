import { sql } from 'drizzle-orm';
import { ConfigError } from '../config/read-config.ts';
import type { Database } from './client.ts';

type Exposure = { guard: string | null; castsGuarded: boolean; triggers: string[]; referrers: string[] };

/**
 * Finds how code of an application could run in statements of the gateway: rights of roles other than the owner on the
 * gateway's tables, and foreign keys to them from tables of other owners.
 */
async function readExposure(db: Database): Promise<Exposure> {
  const [found] = await db.execute<Exposure>(sql`
    with ours as (
      select c.oid, n.nspname || '.' || c.relname as name, c.relowner, c.relacl from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ('portcullis', 'portcullis_private', 'portcullis_guard', 'portcullis_jobs') and c.relkind in ('r', 'p')
    ), rights as (
      select o.*, a.grantee, a.privilege_type as privilege from ours o, aclexplode(o.relacl) a
      union all select o.*, a.grantee, a.privilege_type from ours o join pg_attribute c on c.attrelid = o.oid, aclexplode(c.attacl) a
    ), foreigners as (
      select name, privilege, case grantee when 0 then 'public' else pg_get_userbyid(grantee)::text end as grantee
      from rights where grantee <> relowner
    )
    select portcullis_private.guard() as guard, portcullis_private.casts_are_guarded() as "castsGuarded",
      array_to_json(array(select distinct grantee || ' on ' || name from foreigners where privilege = 'TRIGGER' order by 1)) as triggers,
      array_to_json(array(
        select distinct grantee || ' on ' || name from foreigners where privilege = 'REFERENCES'
        union select r.relname || ', which references ' || o.name from pg_constraint k
          join ours o on o.oid = k.confrelid join pg_class r on r.oid = k.conrelid
          where k.contype = 'f' and r.relowner <> o.relowner order by 1)) as referrers`);
  if (found === undefined) throw new Error('The query of the rights returned nothing.');
  return found;
}

const listed = (subjects: readonly string[]): string => subjects.slice(0, 10).join('; ');

/**
 * Checks that code of an application cannot run with the gateway's rights (src/db/README.md, "Guarded statements").
 *
 * @param claims whether the gateway reads claims, and so runs functions of the application
 * @throws ConfigError if a role may reference the gateway's tables before `hasura:role` has run, or may create triggers on
 * them; if claims are read before `hasura:role` has run
 */
export async function requireGuard(db: Database, { claims }: { claims: boolean }): Promise<void> {
  const { guard, castsGuarded, triggers, referrers } = await readExposure(db);
  const problems: string[] = [];
  if (triggers.length > 0)
    problems.push(
      `DATABASE_URL: these roles may create triggers on the gateway's tables, which run with its rights: ${listed(triggers)}. Revoke TRIGGER.`,
    );
  if (referrers.length > 0 && guard === null)
    problems.push(
      `DATABASE_URL: the gateway's tables are referenced, or may be, and its statements are not guarded: ${listed(referrers)}. Run npm run hasura:role.`,
    );
  if (referrers.length > 0 && !castsGuarded)
    problems.push(
      `DATABASE_URL: the gateway's tables are referenced, or may be, and casts to uuid are not refused: ${listed(referrers)}. Run hasura/database-casts.sql as a superuser.`,
    );
  if (claims && guard === null)
    problems.push(
      'CLAIMS_SQL: functions that its statement calls would run with the rights of the gateway. Run npm run hasura:role first.',
    );
  if (problems.length > 0) throw new ConfigError(problems);
}
