CREATE TABLE "portcullis_private"."recovery_code_sets" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"jwe" text NOT NULL,
	"key_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."recovery_codes" (
	"user_id" uuid NOT NULL,
	"code_hash" "bytea" NOT NULL,
	CONSTRAINT "recovery_codes_user_id_code_hash_pk" PRIMARY KEY("user_id","code_hash"),
	CONSTRAINT "recovery_codes_hash_length" CHECK (octet_length("portcullis_private"."recovery_codes"."code_hash") = 32)
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."second_factor_challenges" (
	"id" uuid PRIMARY KEY NOT NULL,
	"factor_id" uuid NOT NULL,
	"session_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."second_factors" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"name" text,
	"jwe" text NOT NULL,
	"key_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"verified_at" timestamp (3) with time zone,
	"last_step" integer,
	"last_challenged_at" timestamp (3) with time zone,
	CONSTRAINT "second_factors_user_id_name_key" UNIQUE("user_id","name"),
	CONSTRAINT "second_factors_name_length" CHECK (char_length("portcullis_private"."second_factors"."name") between 1 and 255)
);
--> statement-breakpoint
ALTER TABLE "portcullis_private"."recovery_code_sets" ADD CONSTRAINT "recovery_code_sets_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."recovery_codes" ADD CONSTRAINT "recovery_codes_user_id_recovery_code_sets_user_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis_private"."recovery_code_sets"("user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."second_factor_challenges" ADD CONSTRAINT "second_factor_challenges_factor_id_second_factors_id_fk" FOREIGN KEY ("factor_id") REFERENCES "portcullis_private"."second_factors"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."second_factor_challenges" ADD CONSTRAINT "second_factor_challenges_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "portcullis"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis_private"."second_factors" ADD CONSTRAINT "second_factors_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "recovery_code_sets_key_id_idx" ON "portcullis_private"."recovery_code_sets" USING btree ("key_id");--> statement-breakpoint
CREATE INDEX "second_factor_challenges_factor_id_idx" ON "portcullis_private"."second_factor_challenges" USING btree ("factor_id");--> statement-breakpoint
CREATE INDEX "second_factor_challenges_session_id_idx" ON "portcullis_private"."second_factor_challenges" USING btree ("session_id");--> statement-breakpoint
CREATE INDEX "second_factor_challenges_expires_at_idx" ON "portcullis_private"."second_factor_challenges" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "second_factors_user_id_verified_idx" ON "portcullis_private"."second_factors" USING btree ("user_id") WHERE "portcullis_private"."second_factors"."verified_at" is not null;--> statement-breakpoint
CREATE INDEX "second_factors_unverified_idx" ON "portcullis_private"."second_factors" USING btree ("created_at") WHERE "portcullis_private"."second_factors"."verified_at" is null;--> statement-breakpoint
CREATE INDEX "second_factors_key_id_idx" ON "portcullis_private"."second_factors" USING btree ("key_id");