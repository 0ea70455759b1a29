-- Temporary objects that code of the application creates outlive the transaction. Where the search path does not name pg_temp,
-- Postgres finds them before its own: a temporary type `uuid` would run in the gateway's next statement, with its rights.
CREATE OR REPLACE FUNCTION "portcullis_guard"."settle"() RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
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
    DISCARD TEMP;
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
