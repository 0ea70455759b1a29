CREATE TABLE "portcullis_private"."account_details" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"user_metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"app_metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"role" text,
	"provider" text,
	"is_anonymous" boolean DEFAULT false NOT NULL,
	"invited_at" timestamp (3) with time zone,
	"confirmation_sent_at" timestamp (3) with time zone,
	"recovery_sent_at" timestamp (3) with time zone,
	"new_email" text,
	"email_change_sent_at" timestamp (3) with time zone,
	"new_phone" text,
	"phone_change_sent_at" timestamp (3) with time zone,
	"reauthentication_sent_at" timestamp (3) with time zone,
	"last_sign_in_at" timestamp (3) with time zone,
	"banned_until" timestamp (3) with time zone,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "account_details_metadata" CHECK (jsonb_typeof("portcullis_private"."account_details"."user_metadata") = 'object' and jsonb_typeof("portcullis_private"."account_details"."app_metadata") = 'object'),
	CONSTRAINT "account_details_metadata_size" CHECK (pg_column_size("portcullis_private"."account_details"."user_metadata") <= 65536 and pg_column_size("portcullis_private"."account_details"."app_metadata") <= 65536),
	CONSTRAINT "account_details_role_length" CHECK (char_length("portcullis_private"."account_details"."role") between 1 and 255),
	CONSTRAINT "account_details_provider_length" CHECK (char_length("portcullis_private"."account_details"."provider") between 1 and 255),
	CONSTRAINT "account_details_new_email_length" CHECK (char_length("portcullis_private"."account_details"."new_email") <= 254),
	CONSTRAINT "account_details_new_phone" CHECK ("portcullis_private"."account_details"."new_phone" ~ '^[+][1-9][0-9]{1,14}$')
);
--> statement-breakpoint
CREATE TABLE "portcullis"."phones" (
	"user_id" uuid PRIMARY KEY NOT NULL,
	"number" text NOT NULL,
	"verified_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "phones_number_key" UNIQUE("number"),
	CONSTRAINT "phones_number" CHECK ("portcullis"."phones"."number" ~ '^[+][1-9][0-9]{1,14}$')
);
--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" DROP CONSTRAINT "sessions_opened_by";--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD COLUMN "methods" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD COLUMN "level" text DEFAULT 'aal1' NOT NULL;--> statement-breakpoint
ALTER TABLE "portcullis_private"."account_details" ADD CONSTRAINT "account_details_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."phones" ADD CONSTRAINT "phones_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "account_details_banned_until_idx" ON "portcullis_private"."account_details" USING btree ("banned_until") WHERE "portcullis_private"."account_details"."banned_until" is not null;--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD CONSTRAINT "sessions_methods" CHECK (jsonb_typeof("portcullis"."sessions"."methods") = 'array' and jsonb_array_length("portcullis"."sessions"."methods") <= 20);--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD CONSTRAINT "sessions_level" CHECK ("portcullis"."sessions"."level" in ('aal1', 'aal2'));--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD CONSTRAINT "sessions_opened_by" CHECK ("portcullis"."sessions"."opened_by" in ('password', 'mailed_token', 'access_token', 'phone_code', 'provider', 'anonymous'));