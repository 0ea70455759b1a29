ALTER TABLE "portcullis_guard"."rounds" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "portcullis_private"."hasura_grants" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "portcullis_private"."permitted_changes" DISABLE ROW LEVEL SECURITY;--> statement-breakpoint
DROP TABLE "portcullis_guard"."rounds" CASCADE;--> statement-breakpoint
DROP TABLE "portcullis_private"."hasura_grants" CASCADE;--> statement-breakpoint
DROP TABLE "portcullis_private"."permitted_changes" CASCADE;--> statement-breakpoint
CREATE INDEX "users_email_prefix_idx" ON "portcullis"."users" USING btree ("email" text_pattern_ops);--> statement-breakpoint
CREATE INDEX "users_name_prefix_idx" ON "portcullis"."users" USING btree (lower("name") text_pattern_ops);--> statement-breakpoint
DROP SCHEMA "portcullis_guard";
