CREATE SCHEMA "portcullis";
--> statement-breakpoint
CREATE SCHEMA "portcullis_private";
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
CREATE TABLE "portcullis_private"."refresh_tokens" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"session_id" uuid NOT NULL,
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
CREATE TABLE "portcullis"."memberships" (
	"team_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "memberships_pkey" PRIMARY KEY("team_id","user_id"),
	CONSTRAINT "memberships_role" CHECK ("portcullis"."memberships"."role" in ('OWNER', 'ADMIN', 'MEMBER'))
);
--> statement-breakpoint
CREATE TABLE "portcullis"."teams" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "teams_name_length" CHECK (char_length("portcullis"."teams"."name") <= 255 and btrim("portcullis"."teams"."name") <> '')
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
	CONSTRAINT "users_email_normalized" CHECK ("portcullis"."users"."email" = btrim("portcullis"."users"."email") and "portcullis"."users"."email" !~ '[A-Z]' and "portcullis"."users"."email" like '_%@_%'),
	CONSTRAINT "users_email_length" CHECK (char_length("portcullis"."users"."email") <= 254),
	CONSTRAINT "users_name_length" CHECK (char_length("portcullis"."users"."name") <= 255 and btrim("portcullis"."users"."name") <> '')
);
--> statement-breakpoint
ALTER TABLE "portcullis_private"."private_jwks" ADD CONSTRAINT "private_jwks_id_jwks_id_fk" FOREIGN KEY ("id") REFERENCES "portcullis"."jwks"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "portcullis"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD CONSTRAINT "sessions_active_team_id_teams_id_fk" FOREIGN KEY ("active_team_id") REFERENCES "portcullis"."teams"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."memberships" ADD CONSTRAINT "memberships_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "portcullis"."teams"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."memberships" ADD CONSTRAINT "memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."passwords" ADD CONSTRAINT "passwords_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "jwks_expires_at_idx" ON "portcullis"."jwks" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "rate_limits_resets_at_idx" ON "portcullis_private"."rate_limits" USING btree ("resets_at");--> statement-breakpoint
CREATE INDEX "refresh_tokens_session_id_idx" ON "portcullis_private"."refresh_tokens" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "refresh_tokens_expires_at_idx" ON "portcullis_private"."refresh_tokens" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "sessions_user_id_idx" ON "portcullis"."sessions" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "sessions_active_team_id_idx" ON "portcullis"."sessions" USING btree ("active_team_id");--> statement-breakpoint
CREATE INDEX "sessions_expires_at_idx" ON "portcullis"."sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "memberships_user_id_idx" ON "portcullis"."memberships" USING btree ("user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_key" ON "portcullis"."users" USING btree ("email");