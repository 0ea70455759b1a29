/**
 * Work-around, pg 8.23.1: if a login fails within the driver, for example because the URL lacks the password, the connection
 * stays open. The server waits on it for a minute, and the process for the server.
 *
 * Upstream: brianc/node-postgres issue 2907, “Connection failure leaks an open socket”.
 * Here: a connection that could not log in is closed.
 * It can go when this test fails: “pg leaves a connection open after a failed login”.
 */
import type { PgClient } from './pg.ts';

/** Connects a client. @throws the driver's error, after the connection was closed */
export async function connectOrClose(client: PgClient): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    client.connection.stream.destroy();
    throw error;
  }
}
