-- The end of a ban belongs to one disabling. However the account is enabled or disabled again, the end is forgotten: it must not
-- enable an account that was disabled for another reason. The gateway sets the end after it has disabled the account.
CREATE FUNCTION "portcullis_private"."forget_ban"() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  UPDATE portcullis_private.account_details d SET banned_until = NULL WHERE d.user_id = NEW.id AND d.banned_until IS NOT NULL;
  RETURN NULL;
END
$$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION "portcullis_private"."forget_ban"() FROM PUBLIC;
--> statement-breakpoint
CREATE TRIGGER "users_forget_ban" AFTER UPDATE OF "disabled_at" ON "portcullis"."users" FOR EACH ROW WHEN (OLD."disabled_at" IS DISTINCT FROM NEW."disabled_at") EXECUTE FUNCTION "portcullis_private"."forget_ban"();
