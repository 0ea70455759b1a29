import { sql } from 'drizzle-orm';
import { beforeEach, describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { readApplicationRows } from '../../src/db/guarded.ts';
import { deleteTeamRows, updateTeamName } from '../../src/teams/teams.ts';
import { deleteUser, updateUser } from '../../src/users/users.ts';
import { forFile } from '../support/for-file.ts';
import { ADA, GRACE, nameOf, openBench, servers, TEAM } from './bench.ts';

// Code that Hasura's role planted runs in statements of the gateway, and never gets the gateway's rights.

describe.each(servers.map((version) => [nameOf(version), version] as const))('on %s', (_, version) => {
  const bench = forFile(() => openBench(version));
  beforeEach(() => bench.reset());

  const notes = (action: string, more = '') => `
    create table app.notes (user_id uuid references portcullis.users (id) on delete ${action},
      team_id uuid references portcullis.teams (id) on delete ${action}${more});
    insert into app.notes (user_id, team_id) values ('${ADA}', '${TEAM}'), ('${GRACE}', null);`;
  const trigger = (when: string, place: string, each = 'row') =>
    `create trigger "${place}" ${when} on app.notes for each ${each} execute function app.rob_row('${place}');`;
  const constraintTrigger = (place: string, options: string) =>
    `create constraint trigger "${place}" after delete or update on app.notes ${options} for each row
       execute function app.rob_row('${place}');`;
  const removeAda = (gateway = bench.gateway) =>
    gateway.transaction(async (tx) => {
      await deleteTeamRows(tx, [TEAM]);
      return await deleteUser(tx, ADA);
    });
  /** The code ran, and found only that. */
  const harmless = (...places: string[]) => Object.fromEntries(places.map((place) => [place, ['ran']]));
  const unharmed = async () => {
    expect([...(await bench.admin`select email from portcullis.users where id = ${GRACE}`)]).toEqual([
      { email: 'grace@example.com' },
    ]);
    expect([...(await bench.admin`select from portcullis.jwks`)]).toEqual([]);
  };

  test('the attack works where the statement is not guarded', async () => {
    await bench.hasura.unsafe(`create view app.claims as select app.rob_value('view') as robbed, app.spy() as spied;
      grant usage on schema app to ${bench.names.gateway}; grant all on all tables in schema app to ${bench.names.gateway}`);
    const rolledBack = new Error('rolled back');
    await expect(
      bench.gateway.transaction(async (tx) => {
        const [claims] = await tx.execute(sql`select robbed, spied from app.claims`);
        expect(claims).toEqual({ robbed: true, spied: '$argon2id$secret as the gateway' });
        const found = await tx.execute(sql`select distinct found from app.loot order by found`);
        expect([...found]).toEqual([
          { found: 'gateway' },
          { found: 'password $argon2id$secret' },
          { found: 'ran' },
        ]);
        throw rolledBack;
      }),
    ).rejects.toBe(rolledBack);
  });

  test.each(['cascade', 'set null'])(
    'triggers of a table that references users with on delete %s',
    async (action) => {
      const event = action === 'cascade' ? 'delete' : 'update';
      await bench.hasura.unsafe(
        [
          notes(action),
          trigger(`before ${event}`, 'before row'),
          trigger(`after ${event}`, 'after row'),
          trigger(`before ${event}`, 'before statement', 'statement'),
          trigger(`after ${event}`, 'after statement', 'statement'),
          constraintTrigger('immediate', ''),
          constraintTrigger('deferrable', 'deferrable'),
          constraintTrigger('deferred', 'deferrable initially deferred'),
        ].join('\n'),
      );
      expect(await removeAda()).toBe(true);
      expect(await bench.loot()).toEqual(
        harmless(
          'before row',
          'after row',
          'before statement',
          'after statement',
          'immediate',
          'deferrable',
          'deferred',
        ),
      );
      await unharmed();
      expect([
        ...(await bench.admin`select from portcullis_private.passwords where user_id = ${ADA}`),
      ]).toEqual([]);
    },
  );

  test('a trigger that defers another trigger', async () => {
    await bench.hasura.unsafe(`
      ${notes('cascade')}
      create table app.later (id int); insert into app.later values (0);
      create constraint trigger later after update on app.later deferrable for each row execute function app.rob_row('later');
      create function app.defer() returns trigger language plpgsql as $f$ begin
        set constraints all deferred; update app.later set id = 1; return null; end $f$;
      create constraint trigger sooner after delete on app.notes deferrable initially deferred
        for each row execute function app.defer()`);
    await removeAda();
    expect(await bench.loot()).toEqual(harmless('later'));
    await bench.hasura.unsafe('drop function app.defer cascade');
  });

  test('functions in a check, a default, a generated column and an index', async () => {
    await bench.hasura.unsafe(`
      create function app.rob_always(place text, value uuid) returns uuid immutable language plpgsql as $f$
        begin perform app.rob(place); return value; end $f$;
      ${notes('set null', `, check (app.rob_value('check') or user_id is null), made uuid generated always as (user_id) stored`)}
      create index on app.notes (app.rob_always('index', user_id));
      truncate app.loot`);
    await removeAda();
    const loot = await bench.loot();
    expect(loot.check).toEqual(['ran']);
    for (const found of Object.values(loot)) expect(found).toEqual(['ran']);
    await bench.hasura.unsafe('drop function app.rob_always cascade');
    await unharmed();
  });

  test('a default that on delete set default evaluates', async () => {
    await bench.hasura.unsafe(`
      create function app.rob_default() returns uuid language plpgsql as $f$
        begin perform app.rob('default'); return null; end $f$;
      create table app.notes (user_id uuid default app.rob_default() references portcullis.users (id) on delete set default);
      insert into app.notes values ('${ADA}')`);
    await removeAda();
    expect(await bench.loot()).toEqual(harmless('default'));
    await bench.hasura.unsafe('drop function app.rob_default cascade');
  });

  test('a function in a view that a claims statement reads', async () => {
    await bench.hasura.unsafe(
      `create view app.claims as select app.spy() as plan, '${ADA}'::uuid as user_id`,
    );
    const rows = await readApplicationRows(bench.gateway, {
      statement: 'select plan from app.claims where user_id = $1',
      userId: ADA,
    });
    expect(rows).toEqual(['{"plan":"nothing"}']);
    await unharmed();
  });

  test('triggers on users and teams, for which an operator granted TRIGGER', async () => {
    await bench.admin.unsafe(`grant trigger on portcullis.users, portcullis.teams to ${bench.names.hasura}`);
    for (const table of ['users', 'teams'])
      for (const [when, each] of ['before', 'after'].flatMap((when) => [
        [when, 'row'],
        [when, 'statement'],
      ]))
        await bench.hasura.unsafe(`create trigger "rob ${when} ${each}" ${when} update or delete on portcullis.${table}
          for each ${each} execute function app.rob_row('${table} ${when} ${each}')`);
    try {
      await bench.gateway.transaction(async (tx) => {
        await updateUser(tx, ADA, { name: 'Ada L.' });
        await updateTeamName(tx, { teamId: TEAM, name: 'More engines' });
      });
      await removeAda();
      const places = ['users', 'teams'].flatMap((table) =>
        ['before row', 'before statement', 'after row', 'after statement'].map((when) => `${table} ${when}`),
      );
      expect(await bench.loot()).toEqual(harmless(...places));
      await unharmed();
    } finally {
      await bench.admin.unsafe(`do $$ declare r record; begin
        for r in select tgname, tgrelid::regclass as relation from pg_trigger where tgname like 'rob %' loop
          execute format('drop trigger %I on %s', r.tgname, r.relation); end loop; end $$;
        revoke trigger on portcullis.users, portcullis.teams from ${bench.names.hasura}`);
    }
  });

  test('a cast of a referencing column is refused, because Postgres runs it as the owner of users', async () => {
    await expect(
      bench.hasura.unsafe(`
        create type app.person as enum ('${ADA}');
        create function app.robbing_cast(app.person) returns uuid language plpgsql as $f$
          begin perform app.rob('cast'); return $1::text::uuid; end $f$;
        create cast (app.person as uuid) with function app.robbing_cast(app.person) as implicit`),
    ).rejects.toMatchObject({ code: '42501' });
  });

  test.each([
    ['drops what the guard owns', (guard: string) => `drop owned by "${guard}" cascade`],
    ['reassigns what the guard owns', (guard: string) => `reassign owned by "${guard}" to current_user`],
    [
      'creates a function that runs as the guard',
      () => `create function app.later() returns int language sql
       security definer as 'select 1'`,
    ],
    ['grants the guard to others', (guard: string) => `grant "${guard}" to public`],
  ])('a trigger that %s changes nothing', async (_, statement) => {
    const { guard } = bench.applied;
    await bench.hasura.unsafe(`${notes('cascade')}
      create function app.plant() returns trigger language plpgsql as $f$
        begin execute $e$ ${statement(guard)} $e$; return null; end $f$;
      create trigger plant after delete on app.notes for each row execute function app.plant()`);
    const owned = () => bench.admin`
      select classid::regclass::text as kind, count(*)::int as count from pg_shdepend
      where refobjid = (select oid from pg_roles where rolname = ${guard}) and deptype = 'o' group by 1`;
    const before = [...(await owned())];
    expect(before).toEqual([{ kind: 'pg_proc', count: 5 }]);
    // Since Postgres 18 the trigger runs as Hasura's role, which may create functions of its own.
    await removeAda().catch((error: unknown) =>
      expect(error).toMatchObject({ code: 'refused_by_application' }),
    );
    expect([...(await owned())]).toEqual(before);
    const [now] = await bench.admin`select portcullis_private.guard() as guard`;
    expect(now).toEqual({ guard });
    await bench.hasura.unsafe('drop function app.plant cascade; drop function if exists app.later');
  });

  test('temporary objects of a trigger are gone, which would run in later statements of the connection', async () => {
    await bench.hasura.unsafe(`${notes('cascade')}
      create function app.rob_type(value pg_catalog.uuid) returns boolean language plpgsql as $f$
        begin perform app.rob('type'); return true; end $f$;
      create function app.plant() returns trigger language plpgsql as $f$ begin
        create domain pg_temp.uuid as pg_catalog.uuid check (app.rob_type(value));
        create view pg_temp.pg_roles as select app.spy() as rolname;
        grant select on pg_temp.pg_roles to public;
        grant usage on schema app to public; grant all on app.loot to public; return old; end $f$;
      create trigger plant before delete on app.notes for each row execute function app.plant()`);
    // Behind some poolers the role sets the search path, as here its default: Postgres looks into pg_temp first.
    const { db, close } = openDatabase({
      ...{ url: bench.ownerUrl, poolSize: 1, statementTimeoutMs: 5000, settingsFrom: 'role' },
    });
    try {
      expect(await removeAda(db)).toBe(true);
      const roles = await db.execute(
        sql`select rolname as name from pg_roles where rolname ~ 'nothing|argon'`,
      );
      await db.execute(sql`select ${GRACE}::uuid`);
      expect([...roles]).toEqual([]);
      expect(await bench.loot()).toEqual({});
    } finally {
      await close();
    }
    await bench.hasura.unsafe('drop function app.plant cascade; drop function app.rob_type cascade');
  });

  test('the foreign key of an application that refuses a deletion answers refused_by_application', async () => {
    await bench.hasura.unsafe(notes('no action'));
    await expect(removeAda()).rejects.toMatchObject({ code: 'refused_by_application', status: 409 });
    expect([...(await bench.admin`select from portcullis.users where id = ${ADA}`)]).toHaveLength(1);
  });

  test('a trigger may use the tables of the application', async () => {
    await bench.hasura.unsafe(`${notes('cascade')} create table app.gone (user_id uuid);
      create function app.remember() returns trigger language plpgsql as $f$
        begin insert into app.gone values (old.user_id); return null; end $f$;
      create trigger remember after delete on app.notes for each row execute function app.remember()`);
    await removeAda();
    expect([...(await bench.hasura`select user_id from app.gone where user_id is not null`)]).toEqual([
      { user_id: ADA },
    ]);
    await bench.hasura.unsafe('drop function app.remember cascade');
  });
});
