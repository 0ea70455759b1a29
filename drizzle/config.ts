import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  casing: 'snake_case',
  dialect: 'postgresql',
  schema: ['./src/db/tables/schemas.ts', './src/db/tables/*.ts'],
  out: './drizzle',
  // Only what is ours: Hasura's hdb_catalog and the application's own tables are never touched.
  schemaFilter: ['portcullis', 'portcullis_private'],
  migrations: { schema: 'portcullis_migrations', table: 'applied' },
});
