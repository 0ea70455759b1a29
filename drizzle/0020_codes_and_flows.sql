CREATE TABLE "portcullis_private"."flow_states" (
	"id" uuid PRIMARY KEY NOT NULL,
	"redirect_to" text NOT NULL,
	"code_challenge" text,
	"user_id" uuid,
	"auth_code_hash" "bytea",
	"method" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "flow_states_redirect_length" CHECK (char_length(redirect_to) between 1 and 2000),
	CONSTRAINT "flow_states_challenge" CHECK ("portcullis_private"."flow_states"."code_challenge" ~ '^[A-Za-z0-9._~-]{43,128}$'),
	CONSTRAINT "flow_states_hash_is_sha256" CHECK (octet_length("portcullis_private"."flow_states"."auth_code_hash") = 32),
	CONSTRAINT "flow_states_method_length" CHECK (char_length("portcullis_private"."flow_states"."method") between 1 and 64),
	CONSTRAINT "flow_states_code_complete" CHECK ("portcullis_private"."flow_states"."auth_code_hash" is null or ("portcullis_private"."flow_states"."user_id" is not null and "portcullis_private"."flow_states"."code_challenge" is not null and "portcullis_private"."flow_states"."method" is not null))
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."one_time_codes" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"purpose" text NOT NULL,
	"target" text NOT NULL,
	"code_hash" "bytea",
	"link_hash" "bytea",
	"flow_state_id" uuid,
	"keeps_password" boolean DEFAULT false NOT NULL,
	"is_half" boolean DEFAULT false NOT NULL,
	"confirmed_at" timestamp (3) with time zone,
	"attempts" smallint DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "one_time_codes_user_id_purpose_key" UNIQUE("user_id","purpose"),
	CONSTRAINT "one_time_codes_link_hash_key" UNIQUE("link_hash"),
	CONSTRAINT "one_time_codes_purpose" CHECK ("portcullis_private"."one_time_codes"."purpose" in ('signup', 'invite', 'recovery', 'magiclink', 'email_change_new', 'email_change_current', 'sms', 'phone_change', 'reauthentication')),
	CONSTRAINT "one_time_codes_target_length" CHECK (char_length("portcullis_private"."one_time_codes"."target") between 1 and 254),
	CONSTRAINT "one_time_codes_code_hash_is_sha256" CHECK (octet_length("portcullis_private"."one_time_codes"."code_hash") = 32),
	CONSTRAINT "one_time_codes_link_hash_is_sha256" CHECK (octet_length("portcullis_private"."one_time_codes"."link_hash") = 32),
	CONSTRAINT "one_time_codes_attempts" CHECK (attempts between 0 and 5)
);
--> statement-breakpoint
ALTER TABLE "portcullis_private"."flow_states" ADD CONSTRAINT "flow_states_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."one_time_codes" ADD CONSTRAINT "one_time_codes_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."one_time_codes" ADD CONSTRAINT "one_time_codes_flow_state_id_flow_states_id_fk" FOREIGN KEY ("flow_state_id") REFERENCES "portcullis_private"."flow_states"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "flow_states_auth_code_hash_key" ON "portcullis_private"."flow_states" USING btree ("auth_code_hash");--> statement-breakpoint
CREATE INDEX "flow_states_user_id_idx" ON "portcullis_private"."flow_states" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "flow_states_expires_at_idx" ON "portcullis_private"."flow_states" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "one_time_codes_target_idx" ON "portcullis_private"."one_time_codes" USING btree ("target");--> statement-breakpoint
CREATE INDEX "one_time_codes_flow_state_id_idx" ON "portcullis_private"."one_time_codes" USING btree ("flow_state_id");--> statement-breakpoint
CREATE INDEX "one_time_codes_expires_at_idx" ON "portcullis_private"."one_time_codes" USING btree ("expires_at");