import { getNamedType, isLeafType, isObjectType, parse, specifiedScalarTypes } from 'graphql';
import { typesOf, typesSdl } from './actions.ts';
import { findTracked } from './filters.ts';
import { keepSound, type Note } from './inconsistency.ts';
import type { Action, ActionRelationship, EngineMetadata } from './metadata-types.ts';
import { configuredHeaders, type EngineEnvironment, filledIn } from './remote-schema.ts';
import { isPostgresScalar, mergeSchemas } from './role-schema.ts';
import type { Tables } from './table-access.ts';

type Sound = { sources: ReadonlyMap<string, Tables>; env: EngineEnvironment };
type Given = Pick<EngineMetadata, 'actions' | 'custom_types'>;

/** The actions without inconsistencies; an inconsistent type removes all actions. */
export function soundActions(metadata: Given, sound: Sound, note: Note): Action[] {
  const { actions, custom_types: types } = metadata;
  try {
    requireTypes(metadata, sound);
  } catch (error) {
    note('custom_types', 'custom_types', types, error as Error);
    return [];
  }
  const kinds = [types.objects, types.input_objects, types.scalars, types.enums];
  const known = new Set([
    ...kinds.flatMap((list) => (list ?? []).map(({ name }: { name: string }) => name)),
    ...specifiedScalarTypes.map(({ name }) => name),
  ]);
  return keepSound(
    actions,
    (action) => {
      for (const name of typesOf(action))
        if (!known.has(name) && !isPostgresScalar(name))
          throw new Error(`the type: ${name} is not defined in custom types`);
      filledIn(sound.env, action.definition.handler);
      configuredHeaders(sound.env, action.definition.headers);
    },
    (action, error) => note('action', action.name, action, error),
  );
}

function requireTypes(metadata: Given, { sources }: Sound): void {
  const sdl = typesSdl(metadata);
  if (sdl === '') return;
  const origin = { kind: 'actions' } as const;
  const part = { origin, document: parse(sdl), query: 'Query', mutation: 'Mutation' };
  const { schema } = mergeSchemas([part]);
  const requireRelationship = (typeName: string, { name, ...to }: ActionRelationship) => {
    const type = schema.getType(typeName);
    const fields = isObjectType(type) ? type.getFields() : {};
    const at = `relationship "${name}" of "${typeName}"`;
    if (name in fields) throw new Error(`${at} has the name of a field`);
    const source = sources.get(to.source ?? 'default');
    if (source === undefined) throw new Error(`${at}: source with name "${to.source}" is not found`);
    const { table } = findTracked(source.tables, to.remote_table);
    for (const [field, column] of Object.entries(to.field_mapping)) {
      const found = fields[field];
      if (found === undefined || !isLeafType(getNamedType(found.type)))
        throw new Error(`${at}: "${field}" is not a scalar field`);
      if (!source.catalogue.columns(table).some((known) => known.name === column))
        throw new Error(`${at}: column "${column}" does not exist`);
    }
  };
  for (const { name, relationships = [] } of metadata.custom_types.objects ?? [])
    for (const relationship of relationships) requireRelationship(name, relationship);
}
