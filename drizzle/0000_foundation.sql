CREATE SCHEMA "portcullis";
--> statement-breakpoint
CREATE SCHEMA "portcullis_private";
--> statement-breakpoint
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
CREATE TABLE "portcullis"."cache" (
	"key" text PRIMARY KEY NOT NULL,
	"value" text NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "portcullis"."jwks" (
	"id" text PRIMARY KEY NOT NULL,
	"alg" text NOT NULL,
	"public_jwk" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "jwks_id_format" CHECK ("portcullis"."jwks"."id" ~ '^jwk_[0-9a-f]{32}$'),
	CONSTRAINT "jwks_expires_at_is_a_date" CHECK (isfinite("portcullis"."jwks"."expires_at") and "portcullis"."jwks"."expires_at" < '9999-01-01'),
	CONSTRAINT "jwks_public_half_only" CHECK (not ("portcullis"."jwks"."public_jwk" ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']))
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."private_jwks" (
	"id" text PRIMARY KEY NOT NULL,
	"jwe" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."rate_limits" (
	"key" text PRIMARY KEY NOT NULL,
	"count" integer NOT NULL,
	"resets_at" timestamp (3) with time zone NOT NULL
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
CREATE TABLE "portcullis_private"."refresh_tokens" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
	"generation" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"rotated_at" timestamp (3) with time zone,
	CONSTRAINT "refresh_tokens_hash_is_sha256" CHECK (octet_length("portcullis_private"."refresh_tokens"."token_hash") = 32)
);
--> statement-breakpoint
CREATE TABLE "portcullis"."sessions" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"active_team_id" uuid,
	"user_agent" text,
	"address" "inet",
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	CONSTRAINT "sessions_user_agent_length" CHECK (char_length("portcullis"."sessions"."user_agent") <= 512)
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
CREATE TABLE "portcullis"."memberships" (
	"team_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "memberships_pkey" PRIMARY KEY("team_id","user_id"),
	CONSTRAINT "memberships_role" CHECK ("portcullis"."memberships"."role" in ('OWNER', 'ADMIN', 'MEMBER'))
);
--> statement-breakpoint
CREATE TABLE "portcullis"."projects" (
	"id" uuid PRIMARY KEY NOT NULL,
	"team_id" uuid NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "projects_name_length" CHECK (char_length("portcullis"."projects"."name") <= 255 and btrim("portcullis"."projects"."name") <> '' and "portcullis"."projects"."name" !~ '[[:cntrl:]\u2028\u2029\u202a-\u202e\u2066-\u2069]' and "portcullis"."projects"."name" ~ '[^[:space:]\u00ad\u200b-\u200f\u2060-\u2064\ufeff]')
);
--> statement-breakpoint
CREATE TABLE "portcullis"."teams" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "teams_name_length" CHECK (char_length("portcullis"."teams"."name") <= 255 and btrim("portcullis"."teams"."name") <> '' and "portcullis"."teams"."name" !~ '[[:cntrl:]\u2028\u2029\u202a-\u202e\u2066-\u2069]' and "portcullis"."teams"."name" ~ '[^[:space:]\u00ad\u200b-\u200f\u2060-\u2064\ufeff]')
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."passwords" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"hash" text NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "portcullis"."users" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text,
	"name" text,
	"email_verified_at" timestamp (3) with time zone,
	"disabled_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "users_email_normalized" CHECK ("portcullis"."users"."email" = btrim("portcullis"."users"."email") and "portcullis"."users"."email" is nfc normalized and "portcullis"."users"."email" !~ '[A-Z]' and "portcullis"."users"."email" like '_%@_%'),
	CONSTRAINT "users_email_length" CHECK (char_length("portcullis"."users"."email") <= 254),
	CONSTRAINT "users_name_length" CHECK (char_length("portcullis"."users"."name") <= 255 and btrim("portcullis"."users"."name") <> '' and "portcullis"."users"."name" !~ '[[:cntrl:]\u2028\u2029\u202a-\u202e\u2066-\u2069]' and "portcullis"."users"."name" ~ '[^[:space:]\u00ad\u200b-\u200f\u2060-\u2064\ufeff]')
);
--> statement-breakpoint
ALTER TABLE "portcullis_private"."private_jwks" ADD CONSTRAINT "private_jwks_id_jwks_id_fk" FOREIGN KEY ("id") REFERENCES "portcullis"."jwks"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."one_time_tokens" ADD CONSTRAINT "one_time_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "portcullis"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD CONSTRAINT "sessions_active_team_id_teams_id_fk" FOREIGN KEY ("active_team_id") REFERENCES "portcullis"."teams"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."accepted_invites" ADD CONSTRAINT "accepted_invites_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "portcullis"."teams"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."accepted_invites" ADD CONSTRAINT "accepted_invites_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."invites" ADD CONSTRAINT "invites_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "portcullis"."teams"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."invites" ADD CONSTRAINT "invites_inviter_id_users_id_fk" FOREIGN KEY ("inviter_id") REFERENCES "portcullis"."users"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."memberships" ADD CONSTRAINT "memberships_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "portcullis"."teams"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."memberships" ADD CONSTRAINT "memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."projects" ADD CONSTRAINT "projects_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "portcullis"."teams"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."passwords" ADD CONSTRAINT "passwords_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "security_events_created_at_idx" ON "portcullis"."security_events" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "security_events_user_id_idx" ON "portcullis"."security_events" USING btree ("user_id","created_at");--> statement-breakpoint
CREATE INDEX "jwks_expires_at_idx" ON "portcullis"."jwks" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "rate_limits_resets_at_idx" ON "portcullis_private"."rate_limits" USING btree ("resets_at");--> statement-breakpoint
CREATE INDEX "one_time_tokens_expires_at_idx" ON "portcullis_private"."one_time_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "refresh_tokens_session_id_idx" ON "portcullis_private"."refresh_tokens" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_expires_at_idx" ON "portcullis_private"."refresh_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sessions_user_id_idx" ON "portcullis"."sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "sessions_active_team_id_idx" ON "portcullis"."sessions" USING btree ("active_team_id");--> statement-breakpoint
CREATE INDEX "sessions_expires_at_idx" ON "portcullis"."sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sessions_revoked_at_idx" ON "portcullis"."sessions" USING btree ("revoked_at") WHERE "portcullis"."sessions"."revoked_at" is not null;--> statement-breakpoint
CREATE INDEX "accepted_invites_team_id_idx" ON "portcullis_private"."accepted_invites" USING btree ("team_id");--> statement-breakpoint
CREATE INDEX "accepted_invites_user_id_idx" ON "portcullis_private"."accepted_invites" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "invites_email_idx" ON "portcullis"."invites" USING btree ("email");--> statement-breakpoint
CREATE INDEX "invites_inviter_id_idx" ON "portcullis"."invites" USING btree ("inviter_id");--> statement-breakpoint
CREATE INDEX "memberships_user_id_idx" ON "portcullis"."memberships" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "projects_team_id_idx" ON "portcullis"."projects" USING btree ("team_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_key" ON "portcullis"."users" USING btree ("email");