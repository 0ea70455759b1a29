CREATE TABLE "portcullis_private"."identity_profiles" (
	"identity_id" uuid PRIMARY KEY NOT NULL,
	"data" jsonb NOT NULL,
	"email_verified" boolean NOT NULL,
	"proven_at" timestamp (3) with time zone,
	"last_sign_in_at" timestamp (3) with time zone,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "identity_profiles_data" CHECK (jsonb_typeof("portcullis_private"."identity_profiles"."data") = 'object' and pg_column_size("portcullis_private"."identity_profiles"."data") <= 65536)
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."provider_attempts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"flow_state_id" uuid NOT NULL,
	"provider" text NOT NULL,
	"ticket_hash" "bytea",
	"linking_session_id" uuid,
	"invited_user_id" uuid,
	"state_hash" "bytea",
	"browser_hash" "bytea",
	"used_at" timestamp (3) with time zone,
	"outcome" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "provider_attempts_provider_length" CHECK (char_length("portcullis_private"."provider_attempts"."provider") between 1 and 63),
	CONSTRAINT "provider_attempts_hashes_are_sha256" CHECK (octet_length("portcullis_private"."provider_attempts"."ticket_hash") = 32 and octet_length("portcullis_private"."provider_attempts"."state_hash") = 32 and octet_length("portcullis_private"."provider_attempts"."browser_hash") = 32),
	CONSTRAINT "provider_attempts_bound" CHECK (("portcullis_private"."provider_attempts"."state_hash" is null) = ("portcullis_private"."provider_attempts"."browser_hash" is null)),
	CONSTRAINT "provider_attempts_ticket_links" CHECK (("portcullis_private"."provider_attempts"."ticket_hash" is null) = ("portcullis_private"."provider_attempts"."linking_session_id" is null)),
	CONSTRAINT "provider_attempts_outcome_length" CHECK (char_length("portcullis_private"."provider_attempts"."outcome") <= 65536)
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."used_id_tokens" (
	"token_hash" "bytea" PRIMARY KEY NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "used_id_tokens_hash_is_sha256" CHECK (octet_length("portcullis_private"."used_id_tokens"."token_hash") = 32)
);
--> statement-breakpoint
ALTER TABLE "portcullis_private"."identity_profiles" ADD CONSTRAINT "identity_profiles_identity_id_identities_id_fk" FOREIGN KEY ("identity_id") REFERENCES "portcullis"."identities"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."provider_attempts" ADD CONSTRAINT "provider_attempts_flow_state_id_flow_states_id_fk" FOREIGN KEY ("flow_state_id") REFERENCES "portcullis_private"."flow_states"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."provider_attempts" ADD CONSTRAINT "provider_attempts_linking_session_id_sessions_id_fk" FOREIGN KEY ("linking_session_id") REFERENCES "portcullis"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."provider_attempts" ADD CONSTRAINT "provider_attempts_invited_user_id_users_id_fk" FOREIGN KEY ("invited_user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "provider_attempts_state_hash_key" ON "portcullis_private"."provider_attempts" USING btree ("state_hash");--> statement-breakpoint
CREATE UNIQUE INDEX "provider_attempts_ticket_hash_key" ON "portcullis_private"."provider_attempts" USING btree ("ticket_hash");--> statement-breakpoint
CREATE INDEX "provider_attempts_flow_state_id_idx" ON "portcullis_private"."provider_attempts" USING btree ("flow_state_id");--> statement-breakpoint
CREATE INDEX "provider_attempts_linking_session_id_idx" ON "portcullis_private"."provider_attempts" USING btree ("linking_session_id");--> statement-breakpoint
CREATE INDEX "provider_attempts_invited_user_id_idx" ON "portcullis_private"."provider_attempts" USING btree ("invited_user_id");--> statement-breakpoint
CREATE INDEX "used_id_tokens_expires_at_idx" ON "portcullis_private"."used_id_tokens" USING btree ("expires_at");