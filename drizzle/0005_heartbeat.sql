CREATE TABLE "portcullis_private"."heartbeat" (
	"id" smallint PRIMARY KEY NOT NULL,
	"beaten_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "heartbeat_one_row" CHECK ("portcullis_private"."heartbeat"."id" = 1)
);
