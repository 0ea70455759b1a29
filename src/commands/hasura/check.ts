import { fileURLToPath } from 'node:url';
import { readVariables } from '../../config/read-config.ts';
import { schema } from '../../graphql/schema/schema.ts';
import { checkMetadata } from './metadata/check/check.ts';
import { rules } from './metadata/check/rules.ts';
import { databaseTables } from './metadata/database-tables.ts';
import { declaration } from './metadata/declaration.ts';
import { withRoles } from './metadata/served-roles.ts';

const directory = fileURLToPath(new URL('../../../hasura', import.meta.url));
const { HASURA_ROLES } = readVariables(process.env, ['HASURA_ROLES']);
const findings = await checkMetadata({
  ...{ directory, schema, tables: databaseTables },
  declaration: withRoles(declaration, HASURA_ROLES),
});

for (const { rule, where, message } of findings) {
  process.stdout.write(`${where}: ${message} [${rule}: hasura/README.md, "${rules[rule]}"]\n`);
}
process.stdout.write(`${Object.keys(rules).length} rules, ${findings.length} findings.\n`);
process.exitCode = findings.length === 0 ? 0 : 1;
