CREATE TABLE "portcullis"."security_events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"action" text NOT NULL,
	"outcome" text NOT NULL,
	"user_id" uuid,
	"session_id" uuid,
	"team_id" uuid,
	"address" "inet",
	"user_agent" text,
	"details" jsonb DEFAULT '{}'::jsonb NOT NULL,
	CONSTRAINT "security_events_outcome" CHECK ("portcullis"."security_events"."outcome" in ('success', 'failure'))
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."one_time_tokens" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"email" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "one_time_tokens_user_id_purpose_key" UNIQUE("user_id","purpose"),
	CONSTRAINT "one_time_tokens_hash_is_sha256" CHECK (octet_length("portcullis_private"."one_time_tokens"."token_hash") = 32),
	CONSTRAINT "one_time_tokens_purpose" CHECK ("portcullis_private"."one_time_tokens"."purpose" in ('verify_email', 'reset_password', 'change_email'))
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."accepted_invites" (
	"invite_id" uuid PRIMARY KEY NOT NULL,
	"team_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "portcullis"."invites" (
	"id" uuid PRIMARY KEY NOT NULL,
	"team_id" uuid NOT NULL,
	"email" text NOT NULL,
	"role" text NOT NULL,
	"inviter_id" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "invites_team_id_email_key" UNIQUE("team_id","email"),
	CONSTRAINT "invites_role" CHECK ("portcullis"."invites"."role" in ('ADMIN', 'MEMBER'))
);
--> statement-breakpoint
CREATE TABLE "portcullis"."projects" (
	"id" uuid PRIMARY KEY NOT NULL,
	"team_id" uuid NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "projects_name_length" CHECK (char_length("portcullis"."projects"."name") <= 255 and btrim("portcullis"."projects"."name") <> '')
);
--> statement-breakpoint
ALTER TABLE "portcullis_private"."refresh_tokens" ADD COLUMN "generation" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "portcullis_private"."one_time_tokens" ADD CONSTRAINT "one_time_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."accepted_invites" ADD CONSTRAINT "accepted_invites_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "portcullis"."teams"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."accepted_invites" ADD CONSTRAINT "accepted_invites_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."invites" ADD CONSTRAINT "invites_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "portcullis"."teams"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."invites" ADD CONSTRAINT "invites_inviter_id_users_id_fk" FOREIGN KEY ("inviter_id") REFERENCES "portcullis"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."projects" ADD CONSTRAINT "projects_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "portcullis"."teams"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "security_events_created_at_idx" ON "portcullis"."security_events" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "security_events_user_id_idx" ON "portcullis"."security_events" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "one_time_tokens_expires_at_idx" ON "portcullis_private"."one_time_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "accepted_invites_team_id_idx" ON "portcullis_private"."accepted_invites" USING btree ("team_id");--> statement-breakpoint
CREATE INDEX "accepted_invites_user_id_idx" ON "portcullis_private"."accepted_invites" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "invites_email_idx" ON "portcullis"."invites" USING btree ("email");--> statement-breakpoint
CREATE INDEX "invites_inviter_id_idx" ON "portcullis"."invites" USING btree ("inviter_id");--> statement-breakpoint
CREATE INDEX "projects_team_id_idx" ON "portcullis"."projects" USING btree ("team_id");