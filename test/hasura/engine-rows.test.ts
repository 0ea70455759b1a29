import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { bearer, newPerson, signUp } from '../support/gateway.ts';
import { startEngine } from '../support/hasura/engine.ts';
import { parseJson, printJson } from '../support/hasura/json.ts';
import { readMetadata, toEngineMetadata } from '../support/hasura/metadata.ts';
import { openForeignStage, withOurs } from './foreign-stage.ts';
import { frontend } from './scenarios/frontend.ts';

// Queries of the stand-in on all sources and remote schemas of an application.

const ADA = '00000000-0000-4000-8000-000000000001';
const stage = forFile(() => openForeignStage());
const asUser = () => stage.as('user', { 'x-hasura-user-id': ADA });

test('filters compare big integers digit by digit', async () => {
  const orders = (role: string) =>
    stage.as(role, { 'x-hasura-user-id': ADA }).raw('{ orders(order_by: { id: asc }) { id } }');
  expect(await orders('user')).toMatchObject({ data: { orders: [{ id: 2 }] } });
  expect(await orders('clerk')).toMatchObject({ data: { orders: [{ id: 1 }, { id: 2 }] } });
});

test('rows show big integers digit by digit', async () => {
  const response = await fetch(stage.engine.url, {
    method: 'POST',
    headers: { 'x-hasura-admin-secret': stage.engine.adminSecret },
    body: JSON.stringify({ query: '{ orders_by_pk(id: 1) { total tags } }' }),
  });
  expect(await response.text()).toBe('{"data":{"orders_by_pk":{"total":9007199254740993,"tags":[]}}}');
});

test('a source with a namespace and a prefix has its rows under one field', async () => {
  const query = '{ measures { __typename measured_events { __typename kind } } }';
  expect(await stage.as('clerk').run(query)).toEqual({
    measures: {
      __typename: 'M_measures_query',
      measured_events: [{ __typename: 'M_measured_events', kind: 'seen' }],
    },
  });
});

test('a column with a name of its own has it in selections, conditions and orders', async () => {
  const query =
    '{ orders(where: { placedAt: { _is_null: false } }, order_by: { placedAt: asc }) { placedAt } }';
  expect(await asUser().run(query)).toEqual({ orders: [{ placedAt: expect.any(String) }] });
});

test('relationships and joins lead from a row to rows and to remote schemas', async () => {
  const query = '{ orders { product { id title } } }';
  expect(await asUser().run(query)).toEqual({ orders: [{ product: { id: '2', title: 'Product 2' } }] });
  const nested = '{ customers { name orders { id } } }';
  expect(await asUser().run(nested)).toEqual({ customers: [{ name: 'Ada', orders: [{ id: 2 }] }] });
});

test('a join leads to the rows of another source, with the permission of the role there', async () => {
  const query = '{ customers(order_by: { name: asc }) { name events { kind } } }';
  expect(await stage.as('clerk').run(query)).toEqual({
    customers: [
      { name: 'Ada', events: [{ kind: 'seen' }] },
      { name: 'Bob', events: [] },
    ],
  });
  const [error] = await asUser().refused(query);
  expect(error?.message).toContain("field 'events' not found in type: 'customers'");
});

test('an inherited role reads what its parents read', async () => {
  const page = stage.as('manager', { 'x-hasura-user-id': ADA });
  expect(await page.run('{ orders(order_by: { id: asc }) { id } }')).toEqual({
    orders: [{ id: 1 }, { id: 2 }],
  });
});

test('a customized remote schema gets its own names, and the client the served ones', async () => {
  const query = `query ($id: ID!) {
    reviews { latest { ...Words author { name } } author(id: $id) { __typename name } }
  }
  fragment Words on Rev_Review { __typename id words }`;
  expect(await stage.as('admin').run(query, { id: '7' })).toEqual({
    reviews: {
      latest: [{ __typename: 'Rev_Review', id: '1', words: 'Fine.', author: { name: 'Grace' } }],
      author: { __typename: 'Writer', name: 'Grace' },
    },
  });
});

test('the shipped tables answer from their own source, with their joins, beside those of the application', async () => {
  const { user } = await signUp(stage.gateway, newPerson({ teamName: 'Engines' }));
  expect((await stage.replace(await withOurs(await stage.metadata()))).status).toBe(200);
  const rows = await stage
    .as('admin')
    .run('{ orders_by_pk(id: 2) { id } portcullis_memberships { user_id team { name } } }');
  expect(rows).toEqual({
    orders_by_pk: { id: 2 },
    portcullis_memberships: [{ user_id: user.id, team: { name: 'Engines' } }],
  });
});

test('the shipped tables also answer from a source of the application that has the same database', async () => {
  const { gateway } = stage;
  const ours = toEngineMetadata(await readMetadata());
  const moved = parseJson(printJson(ours).replaceAll('"source":"portcullis"', '"source":"default"'));
  const sources = ours.sources.map((source) => ({
    ...source,
    name: 'default',
    tables: [...source.tables, { table: { schema: 'public', name: 'app_notes' } }],
  }));
  await gateway.sql`create table if not exists public.app_notes (id int primary key, user_id uuid references portcullis.users (id))`;
  await gateway.sql`grant select on public.app_notes to public`;
  const metadata = { ...(moved as object), sources };
  const engine = await startEngine({ gateway, databaseUrl: gateway.databaseUrl, metadata });
  expect(await engine.inconsistent()).toEqual([]);
  const { accessToken, user } = await signUp(gateway, newPerson());
  expect(
    await frontend(engine.url, bearer(accessToken)).run('{ portcullis_users { id } me { id } }'),
  ).toEqual({
    ...{ portcullis_users: [{ id: user.id }], me: { id: user.id } },
  });
  const admin = frontend(engine.url, { 'x-hasura-admin-secret': engine.adminSecret });
  expect(await admin.run('{ app_notes { id } }')).toEqual({ app_notes: [] });
  await engine.close();
});
