import { sql } from 'drizzle-orm';
import { check, index, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { createdAt } from './columns.ts';
import { portcullisPrivate } from './schemas.ts';

/** What an import remembers. */
export const importedKinds = ['user', 'role', 'identity', 'session', 'token'] as const;
export type ImportedKind = (typeof importedKinds)[number];

/**
 * What was imported, for ever. Rows outlive what they name, so they have no foreign keys: a repeated import must not bring back a
 * user who was deleted, a role that was taken away, or a token that was spent and pruned. `key` is an id, or the SHA-256 of a token.
 */
export const imported = portcullisPrivate.table(
  'imported',
  {
    kind: text({ enum: importedKinds }).notNull(),
    key: text().notNull(),
    userId: uuid().notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ name: 'imported_pkey', columns: [t.kind, t.key] }),
    index('imported_user_id_idx').on(t.userId),
    check(
      'imported_kind',
      sql`${t.kind} in (${sql.raw(importedKinds.map((kind) => `'${kind}'`).join(', '))})`,
    ),
  ],
);
