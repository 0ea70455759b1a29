/**
 * Work-around, postgres.js 3.4.9: it sends `begin` ahead on a connection that has other statements under way. If that fills the
 * connection's pipeline or the buffer of its socket, the driver does not keep the connection for the transaction. `begin` fails,
 * but the server is in a transaction, and statements of others that follow on the connection are never committed.
 *
 * Upstream: porsager/postgres issue 1189, “BEGIN can reach PostgreSQL without reserving the transaction connection”.
 * Here: neither the pipeline nor the buffer is ever full. The driver makes no other use of a full one: it goes on sending.
 * It can go when this test fails: “postgres.js leaves a connection in a transaction that began at the end of a full pipeline”.
 */

/** Statements that may be under way on a connection, and bytes that its socket may buffer. */
export const NEVER_FULL = Number.MAX_SAFE_INTEGER;
