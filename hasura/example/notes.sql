-- A table of an application. It belongs to Hasura's database role, which runs this file.
create table app.notes (
  id uuid primary key default gen_random_uuid(),
  owner_id uuid not null references portcullis.users (id) on delete cascade,
  team_id uuid references portcullis.teams (id) on delete cascade,
  title text not null check (char_length(title) between 1 and 200),
  body text not null default '' check (char_length(body) <= 10000),
  created_at timestamptz not null default now()
);
create index on app.notes (owner_id);
create index on app.notes (team_id);
