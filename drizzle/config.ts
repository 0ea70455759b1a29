import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  casing: 'snake_case',
  dialect: 'postgresql',
  schema: ['./src/db/tables/schemas.ts', './src/db/tables/*.ts'],
  out: './drizzle',
  // Only the gateway's schemas. Migrations never change Hasura's hdb_catalog or the application's tables.
  schemaFilter: ['portcullis', 'portcullis_private', 'portcullis_guard'],
  migrations: { schema: 'portcullis_migrations', table: 'applied' },
});
