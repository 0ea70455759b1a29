import { Kind, parse } from 'graphql';
import { claimsOf, type RemoteSchemas } from './clashes/clashes.ts';
import { at, type JsonObject, objectsOf, textOf } from './json.ts';

type Names = { schemas: RemoteSchemas; defaultConvention: string };

/**
 * Lists their saved queries that ask for root fields of ours which go away: those of allow lists and REST endpoints. The engine
 * does not compare them with its schema.
 */
export function brokenQueries(before: JsonObject, after: JsonObject, names: Names): string[] {
  const left = rootFields(after, names);
  const gone = new Set([...rootFields(before, names)].filter((field) => !left.has(field)));
  return objectsOf(before.query_collections).flatMap((collection) =>
    objectsOf(at(collection.definition, 'queries')).flatMap(({ name, query }) => {
      const fields = fieldsOf(textOf(query)).filter((field) => gone.has(field));
      return fields.length === 0
        ? []
        : [
            `Your query ${textOf(name)} of the collection ${textOf(collection.name)} asks for ${fields.join(', ')}, which goes away.`,
          ];
    }),
  );
}

const rootFields = (metadata: JsonObject, { schemas, defaultConvention }: Names): ReadonlySet<string> =>
  new Set(
    claimsOf(metadata, schemas, defaultConvention)
      .filter(({ kind }) => kind === 'root field')
      .map(({ name }) => name),
  );

/** The fields that an operation asks for at its root, fragments aside. None if the text cannot be parsed. */
function fieldsOf(query: string): string[] {
  try {
    const operations = parse(query, { noLocation: true }).definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? definition.selectionSet.selections : [],
    );
    return operations.flatMap((selection) => (selection.kind === Kind.FIELD ? [selection.name.value] : []));
  } catch {
    return [];
  }
}
