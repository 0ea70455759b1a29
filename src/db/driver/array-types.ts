/**
 * Work-around, postgres.js 3.4.9: a new connection first asks for the types of arrays, and nothing catches an error of that
 * query. The unhandled rejection ends the process.
 *
 * Upstream: porsager/postgres issue 1192, “fetchArrayTypes() promise is discarded in ReadyForQuery”; also 1205 and 1223.
 * Here: a client asks for the types only if its parameters may be arrays. The gateway's own clients do not.
 * It can go when this test fails: “postgres.js ends the process if it may not read the types of arrays”.
 */

/** Returns the option of postgres.js that says whether parameters may be arrays. */
export const arrayTypes = (arrays: boolean): { fetch_types: boolean } => ({ fetch_types: arrays });
