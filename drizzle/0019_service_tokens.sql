CREATE TABLE "portcullis_private"."service_tokens" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"revoked_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	CONSTRAINT "service_tokens_name" CHECK ("portcullis"."is_name"("portcullis_private"."service_tokens"."name")),
	CONSTRAINT "service_tokens_role_length" CHECK (char_length("portcullis_private"."service_tokens"."role") between 1 and 255),
	CONSTRAINT "service_tokens_expires_later" CHECK ("portcullis_private"."service_tokens"."expires_at" > "portcullis_private"."service_tokens"."created_at")
);
--> statement-breakpoint
CREATE INDEX "service_tokens_expires_at_idx" ON "portcullis_private"."service_tokens" USING btree ("expires_at");