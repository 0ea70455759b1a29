CREATE TABLE "portcullis"."membership_roles" (
	"team_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "membership_roles_pkey" PRIMARY KEY("team_id","user_id","role"),
	CONSTRAINT "membership_roles_role" CHECK ("portcullis"."membership_roles"."role" ~ '^[A-Za-z_][A-Za-z0-9_:.-]{0,62}$' and lower("portcullis"."membership_roles"."role") not in ('admin', 'anonymous', 'service_role', 'supabase_admin'))
);
--> statement-breakpoint
CREATE TABLE "portcullis"."user_roles" (
	"user_id" uuid NOT NULL,
	"role" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "user_roles_pkey" PRIMARY KEY("user_id","role"),
	CONSTRAINT "user_roles_role" CHECK ("portcullis"."user_roles"."role" ~ '^[A-Za-z_][A-Za-z0-9_:.-]{0,62}$' and lower("portcullis"."user_roles"."role") not in ('admin', 'anonymous', 'service_role', 'supabase_admin'))
);
--> statement-breakpoint
ALTER TABLE "portcullis"."membership_roles" ADD CONSTRAINT "membership_roles_team_id_teams_id_fk" FOREIGN KEY ("team_id") REFERENCES "portcullis"."teams"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."membership_roles" ADD CONSTRAINT "membership_roles_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."membership_roles" ADD CONSTRAINT "membership_roles_membership_fkey" FOREIGN KEY ("team_id","user_id") REFERENCES "portcullis"."memberships"("team_id","user_id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "portcullis"."user_roles" ADD CONSTRAINT "user_roles_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "portcullis"."users"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "membership_roles_user_id_idx" ON "portcullis"."membership_roles" USING btree ("user_id");