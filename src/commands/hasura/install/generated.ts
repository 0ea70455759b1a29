import { type GraphQLSchema, printSchema } from 'graphql';
import { schema } from '../../../graphql/schema/schema.ts';
import { databaseTables } from '../metadata/database-tables.ts';
import { declaration } from '../metadata/declaration.ts';
import { asHasuraSeesIt } from '../metadata/hasura-introspection.ts';
import { metadataObjects } from '../metadata/objects/metadata.ts';
import { withRoles } from '../metadata/served-roles.ts';
import { normalSdl } from './normal.ts';

/**
 * Makes our part of the metadata for a source.
 * @param roles the application's roles, of HASURA_ROLES
 */
export function generateFor(source: string, roles: readonly string[]): object {
  const served = withRoles(declaration, roles);
  return metadataObjects({
    schema,
    tables: databaseTables,
    declaration: { ...served, source: { ...served.source, name: source } },
  });
}

/** The gateway's schema of this version, as Hasura introspects it. */
export const gatewaySchema: GraphQLSchema = asHasuraSeesIt(schema);

/** Whether a schema that the engine knows is that of this version. */
export const isOurSchema = (known: GraphQLSchema): boolean =>
  normalSdl(printSchema(known)) === normalSdl(printSchema(gatewaySchema));
