-- Only the condition on the account's holder is new. The rest is the function of 0004.
CREATE OR REPLACE FUNCTION "portcullis"."record_hasura_edit"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  given text := current_setting('hasura.user', true);
  uuid_form CONSTANT text := '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$';
  session jsonb;
  hasura_role text;
  editor uuid;
  device uuid;
BEGIN
  IF coalesce(given, '') = '' OR OLD IS NOT DISTINCT FROM NEW THEN
    RETURN NULL;
  END IF;
  BEGIN
    session := CASE WHEN octet_length(given) <= 65536 THEN given::jsonb END;
  EXCEPTION WHEN OTHERS THEN
    session := NULL;
  END;
  hasura_role := left(session ->> 'x-hasura-role', 64);
  editor := CASE WHEN session ->> 'x-hasura-user-id' ~ uuid_form THEN (session ->> 'x-hasura-user-id')::uuid END;
  device := CASE WHEN session ->> 'x-hasura-session-id' ~ uuid_form THEN (session ->> 'x-hasura-session-id')::uuid END;
  -- As many changes of names as LIMIT_CHANGES_PER_USER allows by default, whichever way they were made.
  IF hasura_role IS DISTINCT FROM 'admin' AND 300 <= (
    SELECT count(*) FROM (
      SELECT FROM portcullis.security_events
        WHERE user_id = editor AND created_at > clock_timestamp() - interval '1 hour'
          AND action IN ('profile_updated', 'team_renamed', 'project_renamed') LIMIT 300) recent
  ) THEN
    RAISE EXCEPTION 'Too many changes. Try again later: a person may change 300 names in an hour.'
      USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = 'hasura_edits_per_user';
  END IF;
  -- As at the gateway (requireAccountHolder). The session decides too: a Hasura with a mapping of its own may leave the kind out.
  IF TG_TABLE_NAME = 'users' AND hasura_role IS DISTINCT FROM 'admin' AND (
    session ->> 'x-hasura-token-kind' IN ('team', 'personal')
    OR EXISTS (SELECT FROM portcullis.sessions WHERE id = device AND opened_by = 'access_token')
  ) THEN
    RAISE EXCEPTION 'A team token or personal access token does not change an account. Send the access token of a login.'
      USING ERRCODE = 'check_violation', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, CONSTRAINT = 'hasura_edits_by_account_holder';
  END IF;
  INSERT INTO portcullis.security_events (id, action, outcome, user_id, session_id, team_id, details)
  VALUES (
    gen_random_uuid(), TG_ARGV[0], 'success', editor, device,
    CASE TG_TABLE_NAME WHEN 'teams' THEN (to_jsonb(NEW) ->> 'id')::uuid ELSE (to_jsonb(NEW) ->> 'team_id')::uuid END,
    jsonb_build_object('via', 'hasura', 'role', hasura_role)
      || CASE TG_TABLE_NAME WHEN 'jwks' THEN jsonb_build_object('keyId', to_jsonb(NEW) ->> 'id') ELSE '{}' END
  );
  RETURN NULL;
END
$$;
