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
