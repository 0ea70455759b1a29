CREATE TABLE "portcullis"."identities" (
	"id" uuid PRIMARY KEY NOT NULL,
	"user_id" uuid NOT NULL,
	"provider" text NOT NULL,
	"issuer" text DEFAULT '' NOT NULL,
	"subject" text NOT NULL,
	"email" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "identities_provider_issuer_subject_key" UNIQUE("provider","issuer","subject"),
	CONSTRAINT "identities_provider_length" CHECK (char_length("portcullis"."identities"."provider") between 1 and 255),
	CONSTRAINT "identities_issuer_length" CHECK (char_length("portcullis"."identities"."issuer") <= 255),
	CONSTRAINT "identities_subject_length" CHECK (char_length("portcullis"."identities"."subject") between 1 and 255),
	CONSTRAINT "identities_email_length" CHECK (char_length("portcullis"."identities"."email") <= 254)
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."imported" (
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "imported_pkey" PRIMARY KEY("kind","key"),
	CONSTRAINT "imported_kind" CHECK ("portcullis_private"."imported"."kind" in ('user', 'role', 'identity', 'session', 'token'))
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."password_signer_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"jwe" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "password_signer_keys_id_format" CHECK ("portcullis_private"."password_signer_keys"."id" ~ '^[0-9a-f]{32}$')
);
--> statement-breakpoint
ALTER TABLE "portcullis"."identities" ADD CONSTRAINT "identities_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "identities_user_id_idx" ON "portcullis"."identities" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "imported_user_id_idx" ON "portcullis_private"."imported" USING btree ("user_id");--> statement-breakpoint
CREATE INDEX "passwords_foreign_idx" ON "portcullis_private"."passwords" USING btree ("user_id") WHERE "portcullis_private"."passwords"."hash" not like '$argon2id$v=19$m=19456,t=2,p=1$%';