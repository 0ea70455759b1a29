-- Rows of these tables are also edited past the gateway, by Hasura's mutations and in its console.
CREATE FUNCTION "portcullis"."touch_updated_at"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.updated_at := now();
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
