import { at, type Json, type JsonObject, objectsOf, textOf } from './json.ts';
import { isOurAction } from './place.ts';

const LISTS = ['objects', 'input_objects', 'enums', 'scalars'] as const;

const namesIn = (typeReference: Json | undefined): string =>
  textOf(typeReference).replaceAll(/[[\]!\s]/g, '');

/** Lists the custom types of the metadata: objects, inputs, enums and scalars. */
export const customTypes = (metadata: JsonObject): JsonObject[] =>
  LISTS.flatMap((list) => objectsOf(at(metadata.custom_types, list)));

/** Finds the custom types that actions use, directly or through fields of other types. */
export function typesReachedBy(metadata: JsonObject, actions: readonly JsonObject[]): ReadonlySet<string> {
  const types = new Map(customTypes(metadata).map((type) => [textOf(type.name), type]));
  const reached = new Set<string>();
  const queue = actions.flatMap(({ definition }) => [
    namesIn(at(definition, 'output_type')),
    ...objectsOf(at(definition, 'arguments')).map(({ type }) => namesIn(type)),
  ]);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    const type = types.get(name);
    if (type === undefined || reached.has(name)) continue;
    reached.add(name);
    queue.push(...objectsOf(type.fields).map((field) => namesIn(field.type)));
  }
  return reached;
}

/**
 * Finds the custom types that are ours: those that our installed actions use. A type that an action of theirs uses too is ours
 * only if this version still makes it.
 */
export function ownTypes(metadata: JsonObject, ours: JsonObject): ReadonlySet<string> {
  const actions = objectsOf(metadata.actions);
  const reached = typesReachedBy(metadata, actions.filter(isOurAction));
  const foreign = typesReachedBy(
    metadata,
    actions.filter((action) => !isOurAction(action)),
  );
  const made = new Set(customTypes(ours).map(({ name }) => textOf(name)));
  return new Set([...reached].filter((name) => made.has(name) || !foreign.has(name)));
}
