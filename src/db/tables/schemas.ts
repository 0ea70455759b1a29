import { pgSchema } from 'drizzle-orm/pg-core';

/** The tables that Hasura may track and grant to roles. */
export const portcullis = pgSchema('portcullis');

/** The tables that Hasura must not read: password hashes, token hashes, private keys, counters. */
export const portcullisPrivate = pgSchema('portcullis_private');

/** The guarded statements, which application code can run in: see "Guarded statements" in ../README.md. */
export const portcullisGuard = pgSchema('portcullis_guard');
