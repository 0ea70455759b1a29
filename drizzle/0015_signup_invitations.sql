CREATE TABLE "portcullis_private"."signup_invitations" (
	"id" uuid PRIMARY KEY NOT NULL,
	"email" text NOT NULL,
	"invite_id" uuid,
	"token_hash" "bytea",
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "signup_invitations_email_canonical" CHECK ("portcullis_private"."signup_invitations"."email" ~ '^[^@[:space:][:cntrl:]]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$' and "portcullis_private"."signup_invitations"."email" !~ '[.@][0-9]+$' and char_length(split_part("portcullis_private"."signup_invitations"."email", '@', 1)) <= 64 and char_length(split_part("portcullis_private"."signup_invitations"."email", '@', 2)) <= 253 and split_part("portcullis_private"."signup_invitations"."email", '@', 2) !~ '[^.]{64}'),
	CONSTRAINT "signup_invitations_hash_is_sha256" CHECK (octet_length("portcullis_private"."signup_invitations"."token_hash") = 32)
);
--> statement-breakpoint
ALTER TABLE "portcullis_private"."signup_invitations" ADD CONSTRAINT "signup_invitations_invite_id_invites_id_fk" FOREIGN KEY ("invite_id") REFERENCES "portcullis"."invites"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "signup_invitations_email_key" ON "portcullis_private"."signup_invitations" USING btree ("email") WHERE "portcullis_private"."signup_invitations"."invite_id" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "signup_invitations_invite_id_key" ON "portcullis_private"."signup_invitations" USING btree ("invite_id");--> statement-breakpoint
CREATE UNIQUE INDEX "signup_invitations_token_hash_key" ON "portcullis_private"."signup_invitations" USING btree ("token_hash");--> statement-breakpoint
CREATE INDEX "signup_invitations_expires_at_idx" ON "portcullis_private"."signup_invitations" USING btree ("expires_at");