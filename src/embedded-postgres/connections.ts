import { readDatabaseUrl } from '../config/database-url.ts';
import { openClient } from '../db/client.ts';
import type { Client } from '../db/driver/postgres.ts';
import { SUPERUSER } from './data.ts';

/** The database that the gateway uses. */
export const DATABASE = 'portcullis';

/** The URL of the gateway's database on a server on this port. */
export const urlOf = (port: number, password: string): string =>
  `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/${DATABASE}`;

/** Connects to a server on this port as its superuser. */
export async function connect(port: number, password: string, applicationName: string): Promise<Client> {
  const url = `postgres://${SUPERUSER}:${password}@127.0.0.1:${port}/postgres?sslmode=disable`;
  const sql = openClient(readDatabaseUrl(url, 'the embedded Postgres'), {
    ...{ applicationName, statementTimeoutMs: null, prepare: true, lasting: true },
  });
  try {
    await sql`select 1`;
    return sql;
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw error;
  }
}

/**
 * Opens the connection by which other gateways see that this data folder is in use. It stays open as long as the server
 * runs.
 */
export async function connectKeeper(port: number, password: string): Promise<Client> {
  const sql = await connect(port, password, 'portcullis-keeper');
  try {
    const [found] = await sql`select from pg_database where datname = ${DATABASE}`;
    if (found === undefined) await sql`create database ${sql(DATABASE)}`;
    return sql;
  } catch (error) {
    await sql.end({ timeout: 0 });
    throw error;
  }
}
