import { pgSchema } from 'drizzle-orm/pg-core';

/** The tables that Hasura may track and grant to roles. */
export const portcullis = pgSchema('portcullis');

/** The tables that Hasura must not read: password hashes, token hashes, private keys, counters. */
export const portcullisPrivate = pgSchema('portcullis_private');
