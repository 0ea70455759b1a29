-- Rows of these tables are also edited past the gateway, by Hasura's mutations and in its console.
CREATE FUNCTION "portcullis"."touch_updated_at"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- The clock: a transaction that waited for another one changes the row after it, however early it began.
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "users_touch_updated_at" BEFORE UPDATE ON "portcullis"."users" FOR EACH ROW EXECUTE FUNCTION "portcullis"."touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "teams_touch_updated_at" BEFORE UPDATE ON "portcullis"."teams" FOR EACH ROW EXECUTE FUNCTION "portcullis"."touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "cache_touch_updated_at" BEFORE UPDATE ON "portcullis"."cache" FOR EACH ROW EXECUTE FUNCTION "portcullis"."touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "passwords_touch_updated_at" BEFORE UPDATE ON "portcullis_private"."passwords" FOR EACH ROW EXECUTE FUNCTION "portcullis"."touch_updated_at"();
--> statement-breakpoint
CREATE TRIGGER "projects_touch_updated_at" BEFORE UPDATE ON "portcullis"."projects" FOR EACH ROW EXECUTE FUNCTION "portcullis"."touch_updated_at"();
--> statement-breakpoint
-- Two owners who leave at the same time each see the other one still there, unless they take turns: hence the lock on the team.
CREATE FUNCTION "portcullis"."require_team_owner"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM "portcullis"."teams" WHERE "id" = OLD."team_id" FOR UPDATE;
  IF FOUND AND NOT EXISTS (
    SELECT FROM "portcullis"."memberships" WHERE "team_id" = OLD."team_id" AND "role" = 'OWNER'
  ) THEN
    RAISE EXCEPTION 'A team needs an owner.' USING ERRCODE = 'check_violation', CONSTRAINT = 'memberships_team_has_owner';
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER "memberships_team_has_owner" AFTER UPDATE OR DELETE ON "portcullis"."memberships"
  DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW WHEN (OLD."role" = 'OWNER') EXECUTE FUNCTION "portcullis"."require_team_owner"();
--> statement-breakpoint
-- What is edited past the gateway is recorded all the same. Hasura says for whom it writes (its session variables, as JSON, in
-- "hasura.user"); the gateway, which records for itself, does not. The function runs with its owner's rights, since Hasura's role
-- may not write here.
CREATE FUNCTION "portcullis"."record_hasura_edit"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  session json := nullif(current_setting('hasura.user', true), '')::json;
BEGIN
  IF session IS NOT NULL AND OLD IS DISTINCT FROM NEW THEN
    INSERT INTO portcullis.security_events (id, action, outcome, user_id, session_id, team_id, details)
    VALUES (
      gen_random_uuid(), TG_ARGV[0], 'success',
      nullif(session ->> 'x-hasura-user-id', '')::uuid,
      nullif(session ->> 'x-hasura-session-id', '')::uuid,
      CASE TG_TABLE_NAME WHEN 'teams' THEN (to_jsonb(NEW) ->> 'id')::uuid ELSE (to_jsonb(NEW) ->> 'team_id')::uuid END,
      jsonb_build_object('via', 'hasura', 'role', session ->> 'x-hasura-role')
        || CASE TG_TABLE_NAME WHEN 'jwks' THEN jsonb_build_object('keyId', to_jsonb(NEW) ->> 'id') ELSE '{}' END
    );
  END IF;
  RETURN NULL;
END
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "portcullis"."record_hasura_edit"() FROM PUBLIC;
--> statement-breakpoint
CREATE TRIGGER "users_record_hasura_edit" AFTER UPDATE ON "portcullis"."users" FOR EACH ROW EXECUTE FUNCTION "portcullis"."record_hasura_edit"('profile_updated');
--> statement-breakpoint
CREATE TRIGGER "teams_record_hasura_edit" AFTER UPDATE ON "portcullis"."teams" FOR EACH ROW EXECUTE FUNCTION "portcullis"."record_hasura_edit"('team_renamed');
--> statement-breakpoint
CREATE TRIGGER "projects_record_hasura_edit" AFTER UPDATE ON "portcullis"."projects" FOR EACH ROW EXECUTE FUNCTION "portcullis"."record_hasura_edit"('project_renamed');
--> statement-breakpoint
CREATE TRIGGER "jwks_record_hasura_edit" AFTER UPDATE ON "portcullis"."jwks" FOR EACH ROW EXECUTE FUNCTION "portcullis"."record_hasura_edit"('jwk_edited');
