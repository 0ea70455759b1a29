import { fileURLToPath } from 'node:url';
import { readVariables } from '../../config/read-config.ts';
import { schema } from '../../graphql/schema/schema.ts';
import { databaseTables } from './metadata/database-tables.ts';
import { declaration } from './metadata/declaration.ts';
import { writeMetadata } from './metadata/files/write.ts';
import { withRoles } from './metadata/served-roles.ts';

const directory = fileURLToPath(new URL('../../../hasura', import.meta.url));

try {
  const { HASURA_ROLES } = readVariables(process.env, ['HASURA_ROLES']);
  const served = withRoles(declaration, HASURA_ROLES);
  const count = await writeMetadata(directory, { schema, tables: databaseTables, declaration: served });
  process.stdout.write(`${count} files written to hasura/.\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
