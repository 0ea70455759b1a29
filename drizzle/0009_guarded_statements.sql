-- Guarded statements: those that can run code of the application, because a trigger, a foreign key or a view of the application
-- hangs on them. src/db/README.md ("Guarded statements") explains every step here. Code that the application planted can change
-- search_path in the middle of a function, so that what follows it names every schema.
CREATE VIEW "portcullis_guard"."users" WITH (security_barrier) AS
  SELECT u.id, u.email, u.name, u.email_verified_at, u.disabled_at FROM portcullis.users u
  WHERE EXISTS (
    SELECT FROM portcullis_private.permitted_changes p WHERE p.transaction = pg_current_xact_id() AND p.subject = u.id);
--> statement-breakpoint
CREATE VIEW "portcullis_guard"."teams" WITH (security_barrier) AS
  SELECT t.id, t.name FROM portcullis.teams t
  WHERE EXISTS (
    SELECT FROM portcullis_private.permitted_changes p WHERE p.transaction = pg_current_xact_id() AND p.subject = t.id);
--> statement-breakpoint
-- Code of the application runs here as the owner of the guarded functions. An owner could make them run with the caller's rights,
-- or leave objects behind that run with its own.
CREATE FUNCTION "portcullis_guard"."require_unchanged"() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  guarded CONSTANT name[] := '{guarded_delete_users,guarded_delete_teams,guarded_update_user,guarded_update_team,guarded_read_claims}';
  guard CONSTANT oid := current_user::regrole::oid;
BEGIN
  IF guard = (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = 'portcullis_guard') THEN
    RETURN;
  END IF;
  IF cardinality(guarded) <> (
    SELECT count(*) FROM pg_proc p
    WHERE p.proname = ANY (guarded) AND p.pronamespace = 'portcullis_private'::regnamespace AND p.proowner = guard
      AND p.prosecdef AND p.proconfig = '{"search_path=pg_catalog, pg_temp"}'
  ) OR cardinality(guarded) <> (
    SELECT count(*) FROM pg_shdepend d JOIN pg_database b ON b.oid = d.dbid
    WHERE b.datname = current_database() AND d.refclassid = 'pg_authid'::regclass AND d.refobjid = guard AND d.deptype = 'o'
  ) THEN
    RAISE EXCEPTION 'Code of the application changed the guarded functions, or created objects in a trigger.'
      USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
END
$$;
--> statement-breakpoint
-- Runs what is deferred, then takes from the session what would run, or count, after the function: cursors that the commit reads,
-- prepared statements, settings, locks.
CREATE FUNCTION "portcullis_guard"."settle"() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  id_before pg_catalog.int8;
  id_after pg_catalog.int8;
BEGIN
  -- Without a transaction id nothing was written, and nothing is deferred.
  IF pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL THEN
    FOR round IN 1..20 LOOP
      INSERT INTO portcullis_guard.rounds DEFAULT VALUES
        RETURNING cmin::pg_catalog.text::pg_catalog.int8 INTO id_before;
      SET CONSTRAINTS ALL IMMEDIATE;
      PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
      INSERT INTO portcullis_guard.rounds DEFAULT VALUES
        RETURNING cmin::pg_catalog.text::pg_catalog.int8 INTO id_after;
      -- Every write takes a command id. With none between ours, no trigger has deferred another one.
      EXIT WHEN id_after = id_before + 1;
      IF round = 20 THEN
        RAISE EXCEPTION 'The deferred triggers of the application do not end.' USING ERRCODE = 'program_limit_exceeded';
      END IF;
    END LOOP;
    DELETE FROM portcullis_guard.rounds r WHERE r.transaction = pg_current_xact_id();
    PERFORM portcullis_guard.require_unchanged();
  END IF;
  IF EXISTS (SELECT FROM pg_cursors c WHERE c.is_holdable) THEN
    RAISE EXCEPTION 'Code of the application left a cursor WITH HOLD open.' USING ERRCODE = 'invalid_cursor_state';
  END IF;
  IF EXISTS (SELECT FROM pg_prepared_statements s WHERE s.from_sql) THEN
    RAISE EXCEPTION 'Code of the application prepared a statement.' USING ERRCODE = 'duplicate_prepared_statement';
  END IF;
  PERFORM pg_advisory_unlock_all();
  UNLISTEN *;
  RESET ALL;
END
$$;
--> statement-breakpoint
-- Takes from the session what outlives a rollback.
CREATE FUNCTION "portcullis_guard"."clear_session"() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  statement_name text;
BEGIN
  FOR statement_name IN SELECT s.name FROM pg_prepared_statements s WHERE s.from_sql LOOP
    EXECUTE format('DEALLOCATE %I', statement_name);
  END LOOP;
  PERFORM pg_advisory_unlock_all();
END
$$;
--> statement-breakpoint
CREATE FUNCTION "portcullis_private"."guarded_delete_users"(subjects uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY DELETE FROM portcullis_guard.users u WHERE u.id = ANY (subjects) RETURNING u.id;
  PERFORM portcullis_guard.settle();
EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
  PERFORM portcullis_guard.clear_session();
  RAISE;
END
$$;
--> statement-breakpoint
CREATE FUNCTION "portcullis_private"."guarded_delete_teams"(subjects uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY DELETE FROM portcullis_guard.teams t WHERE t.id = ANY (subjects) RETURNING t.id;
  PERFORM portcullis_guard.settle();
EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
  PERFORM portcullis_guard.clear_session();
  RAISE;
END
$$;
--> statement-breakpoint
CREATE FUNCTION "portcullis_private"."guarded_update_user"(subject uuid, new_email text, new_name text, verified text, disabled boolean) RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY UPDATE portcullis_guard.users u SET
    email = coalesce(new_email, u.email),
    name = coalesce(new_name, u.name),
    email_verified_at = CASE verified
      WHEN 'now' THEN now() WHEN 'once' THEN coalesce(u.email_verified_at, now()) WHEN 'never' THEN NULL
      ELSE u.email_verified_at END,
    disabled_at = CASE disabled
      WHEN true THEN coalesce(u.disabled_at, now()) WHEN false THEN NULL ELSE u.disabled_at END
  WHERE u.id = subject RETURNING u.id;
  PERFORM portcullis_guard.settle();
EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
  PERFORM portcullis_guard.clear_session();
  RAISE;
END
$$;
--> statement-breakpoint
CREATE FUNCTION "portcullis_private"."guarded_update_team"(subject uuid, new_name text) RETURNS SETOF uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY UPDATE portcullis_guard.teams t SET name = new_name WHERE t.id = subject RETURNING t.id;
  PERFORM portcullis_guard.settle();
EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
  PERFORM portcullis_guard.clear_session();
  RAISE;
END
$$;
--> statement-breakpoint
-- Reads the rows of an operator's statement, as texts of JSON: two at most, which is enough to see that there is more than one.
CREATE FUNCTION "portcullis_private"."guarded_read_claims"(statement text, subject uuid) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY EXECUTE 'SELECT row_to_json(claims)::text FROM (' || statement || E'\n) AS claims LIMIT 2' USING subject;
  PERFORM portcullis_guard.settle();
EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
  PERFORM portcullis_guard.clear_session();
  RAISE;
END
$$;
--> statement-breakpoint
-- What the gateway calls. The guarded functions may change only what these permit, and only until they return.
CREATE FUNCTION "portcullis_private"."delete_users"(subjects uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO portcullis_private.permitted_changes (subject) SELECT pg_catalog.unnest(subjects) ON CONFLICT DO NOTHING;
  RETURN QUERY SELECT d.id FROM portcullis_private.guarded_delete_users(subjects) AS d (id);
  DELETE FROM portcullis_private.permitted_changes p
    WHERE p.transaction OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id();
END
$$;
--> statement-breakpoint
CREATE FUNCTION "portcullis_private"."delete_teams"(subjects uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO portcullis_private.permitted_changes (subject) SELECT pg_catalog.unnest(subjects) ON CONFLICT DO NOTHING;
  RETURN QUERY SELECT d.id FROM portcullis_private.guarded_delete_teams(subjects) AS d (id);
  DELETE FROM portcullis_private.permitted_changes p
    WHERE p.transaction OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id();
END
$$;
--> statement-breakpoint
CREATE FUNCTION "portcullis_private"."update_user"(subject uuid, new_email text, new_name text, verified text, disabled boolean) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO portcullis_private.permitted_changes (subject) VALUES (subject) ON CONFLICT DO NOTHING;
  RETURN QUERY SELECT d.id FROM portcullis_private.guarded_update_user(subject, new_email, new_name, verified, disabled) AS d (id);
  DELETE FROM portcullis_private.permitted_changes p
    WHERE p.transaction OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id();
END
$$;
--> statement-breakpoint
CREATE FUNCTION "portcullis_private"."update_team"(subject uuid, new_name text) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO portcullis_private.permitted_changes (subject) VALUES (subject) ON CONFLICT DO NOTHING;
  RETURN QUERY SELECT d.id FROM portcullis_private.guarded_update_team(subject, new_name) AS d (id);
  DELETE FROM portcullis_private.permitted_changes p
    WHERE p.transaction OPERATOR(pg_catalog.=) pg_catalog.pg_current_xact_id();
END
$$;
--> statement-breakpoint
-- The guard has no rights on this schema: its code cannot name the functions that it owns, so as to change them.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA "portcullis_guard", "portcullis_private" FROM PUBLIC;
--> statement-breakpoint
-- These triggers read our tables. They run with the rights of the tables' owner, for every role that changes a row.
ALTER FUNCTION "portcullis"."require_team_owner"() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
--> statement-breakpoint
ALTER FUNCTION "portcullis"."guard_users_email"() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "portcullis"."require_team_owner"(), "portcullis"."guard_users_email"() FROM PUBLIC;
