import {
  type ASTNode,
  type DocumentNode,
  type GraphQLSchema,
  isInterfaceType,
  isObjectType,
  Kind,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { refusal } from './failure.ts';

function pathOf(ancestors: readonly (ASTNode | readonly ASTNode[])[], name: string): string {
  const above = ancestors.flatMap((node) =>
    'kind' in node && node.kind === Kind.FIELD ? [node.name.value] : [],
  );
  return `$${[...above, name].map((field) => `.selectionSet.${field}`).join('')}`;
}

/** A field that the role does not know, in the engine's own words. */
function requireKnownFields(schema: GraphQLSchema, document: DocumentNode): void {
  const info = new TypeInfo(schema);
  visit(
    document,
    visitWithTypeInfo(info, {
      Field(node, _key, _parent, _path, ancestors) {
        const type = info.getParentType();
        if ((!isObjectType(type) && !isInterfaceType(type)) || info.getFieldDef() != null) return;
        const name = node.name.value;
        const message = `field '${name}' not found in type: '${type.name}'`;
        throw refusal('validation-failed', message, pathOf(ancestors, name));
      },
    }),
  );
}

/**
 * Validates a client's document by the schema of its role. Only the message about unknown fields is the engine's; the others are
 * graphql-js's, under the engine's code.
 */
export function requireValid(schema: GraphQLSchema, document: DocumentNode): void {
  requireKnownFields(schema, document);
  const [error] = validate(schema, document);
  if (error !== undefined) throw refusal('validation-failed', error.message);
}
