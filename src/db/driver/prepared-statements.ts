/**
 * Work-around, Drizzle 0.45.4 with postgres.js: it runs every query unprepared, although the client was told to prepare. A
 * query with parameters then takes a second round trip, and Postgres plans it again every time.
 *
 * Upstream: drizzle-team/drizzle-orm issue 6096, “postgres.js adapter ignores client-level prepare: true for regular
 * queries”; pull request 6098.
 * Here: every query asks to be prepared. Our queries hold no values, so a connection keeps a few dozen statements.
 * It can go when this test fails: “Drizzle does not prepare queries of postgres.js”.
 */
import type { Client } from './postgres.ts';

type Unsafe = Client['unsafe'];

/** Wraps the function through which Drizzle runs queries. A client with `prepare: false` still prepares no statement. */
export const preparing =
  (unsafe: Unsafe, prepare: boolean): Unsafe =>
  (query, parameters, options) =>
    unsafe(query, parameters, { ...options, prepare });
