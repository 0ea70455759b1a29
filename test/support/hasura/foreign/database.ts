import postgres from 'postgres';
import { createEmptyDatabase, type TestDatabase } from '../../database.ts';

/** The database of an application that knows nothing of the gateway. */
const SHOP = `
  create table customers (id uuid primary key, name text not null, vip boolean not null default false);
  create table orders (
    id bigint primary key, customer_id uuid not null references customers (id), total bigint not null,
    placed_at timestamptz not null default now(), product_id text not null, tags text[] not null default '{}'
  );
  create table sessions (id bigint primary key, customer_id uuid references customers (id));
  create table "user" (id uuid primary key, nickname text);
  insert into customers values ('00000000-0000-4000-8000-000000000001', 'Ada', true),
    ('00000000-0000-4000-8000-000000000002', 'Bob', false);
  insert into orders (id, customer_id, total, product_id) values
    (1, '00000000-0000-4000-8000-000000000001', 9007199254740993, '1'),
    (2, '00000000-0000-4000-8000-000000000001', 10, '2'),
    (3, '00000000-0000-4000-8000-000000000002', 9007199254740992, '1');
  insert into sessions values (1, '00000000-0000-4000-8000-000000000001');
`;
const ANALYTICS = `
  create schema measured;
  create table measured.events (id bigint primary key, customer_id uuid not null, kind text not null);
  insert into measured.events values (9007199254740995, '00000000-0000-4000-8000-000000000001', 'seen');
`;

async function createFilled(statements: string): Promise<TestDatabase> {
  const database = await createEmptyDatabase();
  const sql = postgres(database.url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statements);
  } finally {
    await sql.end();
  }
  return database;
}

export const createShop = (): Promise<TestDatabase> => createFilled(SHOP);
export const createAnalytics = (): Promise<TestDatabase> => createFilled(ANALYTICS);
