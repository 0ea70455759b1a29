import { pgSchema } from 'drizzle-orm/pg-core';

/** What Hasura may track and people may be granted. */
export const portcullis = pgSchema('portcullis');

/** What Hasura must never see: password hashes, token hashes, private keys, counters. */
export const portcullisPrivate = pgSchema('portcullis_private');
