import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { openDatabase } from '../../src/db/client.ts';
import { openPgPool } from '../../src/db/driver/pg-pool.ts';

const IDENTITY = sql`
  select (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as tls, current_user::text as role,
    current_setting('application_name') as name`;
type Identity = { tls: boolean; role: string; name: string };

/** Asks on a connection for requests, which postgres.js opens. */
export const viaRequests = async (url: string): Promise<Identity> => {
  const { db, close } = openDatabase({ url, poolSize: 1, statementTimeoutMs: 5000 });
  try {
    const [row] = await db.execute<Identity>(IDENTITY);
    return row as Identity;
  } finally {
    await close();
  }
};

/** Asks on a connection of the job worker, which pg opens. */
export const viaJobs = async (url: string): Promise<Identity> => {
  const { pool, close } = openPgPool({
    ...{ url, size: 1, statementTimeoutMs: 5000, applicationName: 'portcullis', onError: () => {} },
  });
  try {
    const text = `select (select ssl from pg_stat_ssl where pid = pg_backend_pid()) as tls,
      current_user::text as role, current_setting('application_name') as name`;
    const { rows } = await pool.query(text);
    return rows[0] as Identity;
  } finally {
    await close();
  }
};

/** The connection that a URL gives, or the error. Both drivers must agree. */
export async function meaningOf(url: string): Promise<Identity | string> {
  const explain = (error: unknown): string => {
    const { message, cause } = error as Error;
    return cause instanceof Error && message.startsWith('Failed query') ? cause.message : message;
  };
  const [requests, jobs] = await Promise.all([viaRequests(url).catch(explain), viaJobs(url).catch(explain)]);
  expect(jobs).toEqual(requests);
  return requests;
}
