import { fileURLToPath } from 'node:url';
import { schema } from '../../graphql/schema/schema.ts';
import { databaseTables } from './metadata/database-tables.ts';
import { writeMetadata } from './metadata/files/write.ts';

const directory = fileURLToPath(new URL('../../../hasura', import.meta.url));

try {
  const count = await writeMetadata(directory, { schema, tables: databaseTables });
  process.stdout.write(`${count} files written to hasura/.\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
