ALTER TABLE "portcullis"."users" ADD COLUMN "canonical_email" text;
--> statement-breakpoint
-- What SQL cannot judge (letters beyond ASCII, A-labels) or the checks refuse is marked, before the checks are there: an account
-- that breaks a check could not even change its name. `canonicalizeEmails` (src/db/canonical-emails.ts) looks at the marked
-- ones after this migration, changes what does not clash, and validates the checks once no mark is left.
UPDATE "portcullis"."users" SET "canonical_email" = ''
  WHERE "email" !~ '^[a-z0-9!#$%&''*+/=?^_`{|}~.-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$'
    OR "email" ~ '[.@][0-9]+$' OR "email" LIKE '%xn--%' OR char_length(split_part("email", '@', 1)) > 64
    OR char_length(split_part("email", '@', 2)) > 253 OR split_part("email", '@', 2) ~ '[^.]{64}';
--> statement-breakpoint
CREATE INDEX "users_canonical_email_idx" ON "portcullis"."users" USING btree ("canonical_email") WHERE "portcullis"."users"."canonical_email" is not null;
--> statement-breakpoint
ALTER TABLE "portcullis"."users" ADD CONSTRAINT "users_email_canonical" CHECK ("portcullis"."users"."canonical_email" is not null or ("portcullis"."users"."email" ~ '^[^@[:space:][:cntrl:]]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$' and "portcullis"."users"."email" !~ '[.@][0-9]+$' and char_length(split_part("portcullis"."users"."email", '@', 1)) <= 64 and char_length(split_part("portcullis"."users"."email", '@', 2)) <= 253 and split_part("portcullis"."users"."email", '@', 2) !~ '[^.]{64}')) NOT VALID;
--> statement-breakpoint
ALTER TABLE "portcullis"."invites" ADD CONSTRAINT "invites_email_canonical" CHECK ("portcullis"."invites"."email" ~ '^[^@[:space:][:cntrl:]]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$' and "portcullis"."invites"."email" !~ '[.@][0-9]+$' and char_length(split_part("portcullis"."invites"."email", '@', 1)) <= 64 and char_length(split_part("portcullis"."invites"."email", '@', 2)) <= 253 and split_part("portcullis"."invites"."email", '@', 2) !~ '[^.]{64}') NOT VALID;
--> statement-breakpoint
-- Marks are of the accounts that were there before: they can go, and no new one can come. An address that is given to an account
-- must not be the canonical form of a marked one's either: it is the same mailbox.
CREATE FUNCTION "portcullis"."guard_users_email"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.email IS NOT DISTINCT FROM OLD.email THEN
    IF OLD.canonical_email IS NOT NULL OR NEW.canonical_email IS NULL THEN
      RETURN NEW;
    END IF;
  ELSIF TG_OP = 'UPDATE' THEN
    NEW.canonical_email := NULL;
  END IF;
  IF NEW.canonical_email IS NOT NULL THEN
    RAISE EXCEPTION 'Every new address is canonical.' USING ERRCODE = 'check_violation', CONSTRAINT = 'users_canonical_email_is_former';
  END IF;
  IF EXISTS (SELECT FROM "portcullis"."users" WHERE "canonical_email" = NEW.email AND "id" <> NEW.id) THEN
    RAISE EXCEPTION 'An account has another spelling of this address.' USING ERRCODE = 'unique_violation', CONSTRAINT = 'users_email_key';
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER "users_guard_email" BEFORE INSERT OR UPDATE OF "email", "canonical_email" ON "portcullis"."users" FOR EACH ROW EXECUTE FUNCTION "portcullis"."guard_users_email"();
