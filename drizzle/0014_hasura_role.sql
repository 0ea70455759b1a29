-- Makes this login a member of a role, and tells whether it was none. Only a member of an owner may change what the owner has.
CREATE FUNCTION "portcullis_private"."join_guard"(guard text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF guard IS NULL OR pg_has_role(guard, 'USAGE') THEN
    RETURN false;
  END IF;
  EXECUTE format('GRANT %I TO %I', guard, current_user);
  RETURN true;
END
$$;
--> statement-breakpoint
CREATE FUNCTION "portcullis_private"."leave_guard"(guard text, joined boolean) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF joined THEN
    EXECUTE format('REVOKE %I FROM %I', guard, current_user);
  END IF;
END
$$;
--> statement-breakpoint
-- What hasura/database-role.sql calls: src/db/README.md, "Guarded statements". Gives the guarded functions to their role.
CREATE FUNCTION "portcullis_private"."set_guard"(guard text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  guarded record;
  joined CONSTANT boolean := portcullis_private.join_guard(guard);
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA portcullis, portcullis_guard TO %I', guard);
  EXECUTE format('GRANT SELECT, DELETE ON portcullis_guard.users, portcullis_guard.teams TO %I', guard);
  EXECUTE format('GRANT UPDATE (email, name, email_verified_at, disabled_at) ON portcullis_guard.users TO %I', guard);
  EXECUTE format('GRANT UPDATE (name) ON portcullis_guard.teams TO %I', guard);
  EXECUTE format('GRANT SELECT, INSERT, DELETE ON portcullis_guard.rounds TO %I', guard);
  EXECUTE format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA portcullis_guard TO %I', guard);
  -- Postgres wants it of an owner, at the moment of the change only.
  EXECUTE format('GRANT CREATE ON SCHEMA portcullis_private TO %I', guard);
  FOR guarded IN
    SELECT p.oid::regprocedure AS name, pg_get_userbyid(p.proowner) AS owner, pg_get_userbyid(n.nspowner) AS gateway
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'portcullis_private' AND p.proname LIKE 'guarded\_%'
  LOOP
    IF guarded.owner <> guard THEN
      EXECUTE format('ALTER FUNCTION %s OWNER TO %I', guarded.name, guard);
    END IF;
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', guarded.name, guarded.gateway);
  END LOOP;
  EXECUTE format('REVOKE CREATE ON SCHEMA portcullis_private FROM %I', guard);
  PERFORM portcullis_private.leave_guard(guard, joined);
END
$$;
--> statement-breakpoint
-- The role that owns the guarded functions; null if the gateway still owns one of them.
CREATE FUNCTION "portcullis_private"."guard"() RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN count(DISTINCT p.proowner) = 1 AND min(p.proowner) <> min(n.nspowner) AND bool_and(p.prosecdef)
    THEN min(pg_get_userbyid(p.proowner)) END
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname = 'portcullis_private' AND p.proname LIKE 'guarded\_%'
$$;
--> statement-breakpoint
-- Whether no role but a superuser can make a cast to uuid. Postgres runs the cast of a referencing column as the owner of the
-- referenced table, whenever a row is inserted.
CREATE FUNCTION "portcullis_private"."casts_are_guarded"() RETURNS boolean LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM pg_event_trigger e
    WHERE e.evtname = 'portcullis_casts' AND e.evtevent = 'ddl_command_end' AND e.evtenabled IN ('O', 'A')
  ) AND NOT EXISTS (
    SELECT FROM pg_cast c JOIN pg_proc p ON p.oid = c.castfunc JOIN pg_roles r ON r.oid = p.proowner
    WHERE c.casttarget = 'uuid'::regtype AND NOT r.rolsuper
  )
$$;
--> statement-breakpoint
-- Revokes from a role what `hasura:role` gave it, and nothing else.
CREATE FUNCTION "portcullis_private"."withdraw_hasura_grants"(hasura text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  given record;
BEGIN
  FOR given IN DELETE FROM portcullis_private.hasura_grants g WHERE g.role = hasura RETURNING g.privilege, g.relation, g."column" LOOP
    IF EXISTS (
      SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE c.relnamespace = 'portcullis'::regnamespace AND c.relname = given.relation AND a.attname = given."column"
        AND NOT a.attisdropped
    ) THEN
      EXECUTE format('REVOKE %s (%I) ON portcullis.%I FROM %I', given.privilege, given."column", given.relation, hasura);
    END IF;
  END LOOP;
END
$$;
--> statement-breakpoint
-- Runs the SQL of a migration that changes a guarded function, for a login that is not a member of its owner.
CREATE FUNCTION "portcullis_private"."change_guarded"(statement text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  guard CONSTANT text := portcullis_private.guard();
  joined CONSTANT boolean := portcullis_private.join_guard(guard);
BEGIN
  EXECUTE statement;
  PERFORM portcullis_private.leave_guard(guard, joined);
END
$$;
--> statement-breakpoint
CREATE FUNCTION "portcullis_private"."give_hasura"(hasura text, privilege text, relation text, columns text[]) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  EXECUTE format('GRANT %s (%s) ON portcullis.%I TO %I', privilege,
    (SELECT string_agg(quote_ident(c), ', ') FROM unnest(columns) c), relation, hasura);
  INSERT INTO portcullis_private.hasura_grants (role, privilege, relation, "column")
    SELECT hasura, give_hasura.privilege, give_hasura.relation, c FROM unnest(columns) c ON CONFLICT DO NOTHING;
END
$$;
--> statement-breakpoint
-- Lets a role reference users and teams, unless its code could then run with the gateway's rights. Returns whether it may.
CREATE FUNCTION "portcullis_private"."give_references"(hasura text) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF portcullis_private.guard() IS NULL OR NOT portcullis_private.casts_are_guarded() THEN
    RAISE WARNING 'The role % may not reference users and teams: run hasura/database-casts.sql as a superuser, then this again.', hasura;
    RETURN false;
  END IF;
  PERFORM portcullis_private.give_hasura(hasura, 'references', 'users', '{id}');
  PERFORM portcullis_private.give_hasura(hasura, 'references', 'teams', '{id}');
  RETURN true;
END
$$;
--> statement-breakpoint
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA "portcullis_private" FROM PUBLIC;
