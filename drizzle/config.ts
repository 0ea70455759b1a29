import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  casing: 'snake_case',
  dialect: 'postgresql',
  schema: ['./src/db/tables/schemas.ts', './src/db/tables/*.ts'],
  out: './drizzle',
  // Only our own schemas: Hasura's hdb_catalog and the application's tables are never changed.
  schemaFilter: ['portcullis', 'portcullis_private'],
  migrations: { schema: 'portcullis_migrations', table: 'applied' },
});
