import { type GraphQLSchema, printSchema } from 'graphql';
import { schema } from '../../../graphql/schema/schema.ts';
import { databaseTables } from '../metadata/database-tables.ts';
import { declaration } from '../metadata/declaration.ts';
import { asHasuraSeesIt } from '../metadata/hasura-introspection.ts';
import { metadataObjects } from '../metadata/objects/metadata.ts';
import { normalSdl } from './normal.ts';

/** Makes our part of the metadata for a source. */
export const generateFor = (source: string): object =>
  metadataObjects({
    schema,
    tables: databaseTables,
    declaration: { ...declaration, source: { ...declaration.source, name: source } },
  });

/** The gateway's schema of this version, as Hasura introspects it. */
export const gatewaySchema: GraphQLSchema = asHasuraSeesIt(schema);

/** Whether a schema that the engine knows is that of this version. */
export const isOurSchema = (known: GraphQLSchema): boolean =>
  normalSdl(printSchema(known)) === normalSdl(printSchema(gatewaySchema));
