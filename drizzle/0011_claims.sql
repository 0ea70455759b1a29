-- Reads the rows of the operator's statement (CLAIMS_SQL), as texts of JSON: two at most, which is enough to see that there is more
-- than one. The inner block is a subtransaction: it may not write, and code of the application cannot change that, because a query
-- has run. Its end allows writes again. Every error has one SQLSTATE, and Postgres's own as its detail: code of the application
-- must not look like a database that is away.
CREATE OR REPLACE FUNCTION "portcullis_private"."guarded_read_claims"(statement text, subject uuid) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  state pg_catalog.text;
  problem pg_catalog.text;
BEGIN
  BEGIN
    PERFORM pg_catalog.set_config('transaction_read_only', 'on', true);
    RETURN QUERY EXECUTE 'SELECT pg_catalog.left(pg_catalog.row_to_json(claims)::pg_catalog.text, 20000) FROM ('
      || statement || E'\n) AS claims LIMIT 2' USING subject;
  EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
    RAISE;
  END;
  PERFORM portcullis_guard.settle();
EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, problem = MESSAGE_TEXT;
  PERFORM portcullis_guard.clear_session();
  RAISE EXCEPTION USING ERRCODE = 'PCL01', MESSAGE = problem, DETAIL = state;
END
$$;
