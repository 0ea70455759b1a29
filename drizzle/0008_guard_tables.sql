CREATE SCHEMA "portcullis_guard";
--> statement-breakpoint
CREATE TABLE "portcullis_guard"."rounds" (
	"transaction" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."hasura_grants" (
	"role" text NOT NULL,
	"privilege" text NOT NULL,
	"relation" text NOT NULL,
	"column" text NOT NULL,
	CONSTRAINT "hasura_grants_pkey" PRIMARY KEY("role","privilege","relation","column")
);
--> statement-breakpoint
CREATE TABLE "portcullis_private"."permitted_changes" (
	"transaction" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"subject" uuid NOT NULL,
	CONSTRAINT "permitted_changes_pkey" PRIMARY KEY("transaction","subject")
);
