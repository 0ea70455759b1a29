import { expect, test } from 'vitest';
import { codeOf, DELETE_ACCOUNT, join, type Member, startAccounts } from '../accounts/accounts.ts';
import { forFile } from '../support/for-file.ts';
import { isSignedIn } from '../support/gateway.ts';
import { openLogin } from '../support/hasura/login.ts';

// What a person gets when the application refuses that an account is deleted, and what the operator finds.

async function openApplication() {
  const accounts = await startAccounts({ DATABASE_STATEMENT_TIMEOUT_MS: '1500' });
  const hasura = await openLogin(accounts.gateway.databaseUrl);
  await accounts.gateway.sql.unsafe(`create schema app authorization ${hasura.role}`);
  return {
    ...{ accounts, gateway: accounts.gateway, app: hasura.sql },
    async close() {
      await hasura.sql`drop schema app cascade`;
      await hasura.close();
      await accounts.close();
    },
  };
}
const world = forFile(openApplication);

const remove = ({ headers, password }: Member) =>
  codeOf(world.gateway.failure(DELETE_ACCOUNT, { input: { currentPassword: password } }, headers));
const newcomer = () => join(world.accounts);
const raising = async (name: string, body: string) => {
  await world.app.unsafe(`
    create table app.${name} (user_id uuid references portcullis.users (id) on delete cascade);
    create function app.${name}() returns trigger language plpgsql as $f$ begin ${body} end $f$;
    create trigger refuse after delete on app.${name} for each row execute function app.${name}()`);
};

test('a foreign key refuses with refused_by_application, and the log names the constraint', async () => {
  const { app, gateway } = world;
  await app`create table app.orders (user_id uuid constraint orders_keep_their_users references portcullis.users (id))`;
  const ada = await newcomer();
  await app`insert into app.orders values (${ada.user.id})`;
  expect(await remove(ada)).toBe('refused_by_application');
  expect(await isSignedIn(gateway, ada)).toBe(true);
  expect(gateway.logged()).toContain('"constraint":"orders_keep_their_users"');
  await app`delete from app.orders`;
  expect(
    await gateway.graphql(DELETE_ACCOUNT, { input: { currentPassword: ada.password } }, ada.headers),
  ).toEqual({ deleteAccount: { ok: true } });
});

test('a constraint that is named like ours does not look like a deleted account', async () => {
  const { app } = world;
  await app`create table app.bills (user_id uuid constraint bills_user_id_users_id_fk references portcullis.users (id))`;
  const ada = await newcomer();
  await app`insert into app.bills values (${ada.user.id})`;
  expect(await remove(ada)).toBe('refused_by_application');
  await app`drop table app.bills`;
});

test('a trigger that raises an error refuses with refused_by_application, and the log has its message', async () => {
  await raising('raising', `raise exception 'Accounts with open orders stay.';`);
  const ada = await newcomer();
  await world.app`insert into app.raising values (${ada.user.id})`;
  expect(await remove(ada)).toBe('refused_by_application');
  expect(world.gateway.logged()).toContain('Accounts with open orders stay.');
});

test('a trigger that loops ends with the statement timeout', async () => {
  await raising('looping', 'loop perform pg_sleep(0.01); end loop;');
  const ada = await newcomer();
  await world.app`insert into app.looping values (${ada.user.id})`;
  expect(await remove(ada)).toBe('unavailable');
  expect(await isSignedIn(world.gateway, ada)).toBe(true);
});

test('many accounts are deleted at once, each with its rows and triggers', async () => {
  const { app, gateway } = world;
  await app`create table app.gone (user_id uuid)`;
  await raising('many', 'insert into app.gone values (old.user_id); return null;');
  const people = await Promise.all(Array.from({ length: 8 }, newcomer));
  for (const { user } of people) await app`insert into app.many values (${user.id})`;
  await Promise.all(
    people.map(({ password, headers }) =>
      gateway.graphql(DELETE_ACCOUNT, { input: { currentPassword: password } }, headers),
    ),
  );
  expect(await app`select from app.gone`).toHaveLength(8);
  expect(await app`select from app.many`).toHaveLength(0);
  expect([...(await gateway.sql`select from portcullis_private.permitted_changes`)]).toEqual([]);
  expect([...(await gateway.sql`select from portcullis_guard.rounds`)]).toEqual([]);
});
