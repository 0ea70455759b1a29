/** Counts every write, and fails those with a number in `failing`. A sequence is never rolled back. */
export const COUNT_WRITES = `
  create sequence public.writes;
  create table public.failing (number int, state text);
  create function public.count_write() returns trigger language plpgsql as $$
    declare
      this int := nextval('public.writes');
      failure record;
    begin
      select * into failure from public.failing where number = this;
      if found then raise exception using errcode = failure.state, message = 'lost to others'; end if;
      return null;
    end $$;`;
