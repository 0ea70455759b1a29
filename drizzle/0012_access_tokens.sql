CREATE TABLE "portcullis_private"."access_tokens" (
	"session_id" uuid PRIMARY KEY NOT NULL,
	"token_hash" "bytea" NOT NULL,
	"name" text NOT NULL,
	"roles" text[] NOT NULL,
	CONSTRAINT "access_tokens_token_hash_key" UNIQUE("token_hash"),
	CONSTRAINT "access_tokens_hash_is_sha256" CHECK (octet_length("portcullis_private"."access_tokens"."token_hash") = 32),
	CONSTRAINT "access_tokens_name" CHECK ("portcullis"."is_name"("portcullis_private"."access_tokens"."name")),
	CONSTRAINT "access_tokens_roles" CHECK (cardinality("portcullis_private"."access_tokens"."roles") between 1 and 200 and array_position("portcullis_private"."access_tokens"."roles", null) is null)
);
--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" DROP CONSTRAINT "sessions_opened_by";--> statement-breakpoint
ALTER TABLE "portcullis_private"."access_tokens" ADD CONSTRAINT "access_tokens_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "portcullis"."sessions"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."sessions" ADD CONSTRAINT "sessions_opened_by" CHECK ("portcullis"."sessions"."opened_by" in ('password', 'mailed_token', 'access_token'));