import {
  buildClientSchema,
  type GraphQLNamedType,
  type GraphQLSchema,
  type IntrospectionQuery,
  isIntrospectionType,
  isScalarType,
  isSpecifiedScalarType,
  printType,
} from 'graphql';
import { at, type JsonObject, objectsOf, textOf } from '../json.ts';
import { normalSdl } from '../normal.ts';
import type { Claim } from './claims.ts';

/** Makes a schema of what the engine says that a remote schema has. @throws Error if it is not an introspection */
export function schemaOfIntrospection(answer: unknown): GraphQLSchema {
  const { data } = answer as { data: IntrospectionQuery };
  return buildClientSchema(data, { assumeValid: true });
}

/** How Hasura names a type of a remote schema: by a mapping, else with prefix and suffix. It leaves root types alone. */
function renameType(customization: JsonObject, roots: readonly string[]): (name: string) => string {
  const names = customization.type_names;
  return (name) => {
    const mapped = textOf(at(names, 'mapping', name));
    if (mapped !== '') return mapped;
    return roots.includes(name)
      ? name
      : `${textOf(at(names, 'prefix'))}${name}${textOf(at(names, 'suffix'))}`;
  };
}

function renameField(customization: JsonObject, parent: string): (name: string) => string {
  const rule = objectsOf(customization.field_names).find((entry) => entry.parent_type === parent);
  return (name) =>
    textOf(at(rule, 'mapping', name)) || `${textOf(at(rule, 'prefix'))}${name}${textOf(at(rule, 'suffix'))}`;
}

/** Scalars of one name are one type in Hasura, also if the definitions differ. */
const shapeOf = (type: GraphQLNamedType): string =>
  isScalarType(type) ? 'scalar' : normalSdl(printType(type));

/** Lists the root fields and types of a remote schema, under the names that its customization gives them. */
export function claimsOfRemoteSchema(
  name: string,
  schema: GraphQLSchema,
  customization: JsonObject,
): Claim[] {
  const by = `remote schema ${name}`;
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()].filter(
    (root) => root != null,
  );
  const rootNames = roots.map((root) => root.name);
  const typeName = renameType(customization, rootNames);
  const namespace = textOf(customization.root_fields_namespace);
  const fields =
    namespace === ''
      ? roots.flatMap((root) => Object.keys(root.getFields()).map(renameField(customization, root.name)))
      : [namespace];
  const types = Object.values(schema.getTypeMap()).filter(
    (type) => !isIntrospectionType(type) && !isSpecifiedScalarType(type) && !rootNames.includes(type.name),
  );
  return [
    ...fields.map((field): Claim => ({ name: field, kind: 'root field', by, shape: null })),
    ...types.map((type): Claim => ({ name: typeName(type.name), kind: 'type', by, shape: shapeOf(type) })),
  ];
}
