DROP INDEX "portcullis_private"."refresh_tokens_session_id_idx";--> statement-breakpoint
ALTER TABLE "portcullis_private"."refresh_tokens" ADD COLUMN "user_agent" text;--> statement-breakpoint
ALTER TABLE "portcullis_private"."refresh_tokens" ADD COLUMN "address" "inet";--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD COLUMN "opened_by" text DEFAULT 'password' NOT NULL;--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD COLUMN "proven_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "portcullis_private"."passwords" ADD COLUMN "proven_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "portcullis_private"."passwords" ADD COLUMN "suspended_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "refresh_tokens_session_id_generation_idx" ON "portcullis_private"."refresh_tokens" USING btree ("session_id","generation");--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD CONSTRAINT "sessions_opened_by" CHECK ("portcullis"."sessions"."opened_by" in ('password', 'mailed_token'));--> statement-breakpoint
ALTER TABLE "portcullis_private"."passwords" ADD CONSTRAINT "passwords_proven_or_suspended" CHECK ("portcullis_private"."passwords"."proven_at" is null or "portcullis_private"."passwords"."suspended_at" is null);--> statement-breakpoint
-- `updated_at` dates the password itself: what is known about it is no change of it.
DROP TRIGGER "passwords_touch_updated_at" ON "portcullis_private"."passwords";
--> statement-breakpoint
CREATE TRIGGER "passwords_touch_updated_at" BEFORE UPDATE OF "hash" ON "portcullis_private"."passwords" FOR EACH ROW EXECUTE FUNCTION "portcullis"."touch_updated_at"();
--> statement-breakpoint
-- What verified people have today counts as theirs: nothing tells it apart from what a stranger set up.
UPDATE "portcullis_private"."passwords" p SET "proven_at" = u."email_verified_at"
  FROM "portcullis"."users" u WHERE u."id" = p."user_id" AND u."email_verified_at" IS NOT NULL;
--> statement-breakpoint
UPDATE "portcullis"."sessions" s SET "proven_at" = greatest(s."created_at", u."email_verified_at")
  FROM "portcullis"."users" u WHERE u."id" = s."user_id" AND u."email_verified_at" IS NOT NULL;
