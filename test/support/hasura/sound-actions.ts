import { getNamedType, isLeafType, isObjectType } from 'graphql';
import { actionsDocument, handlerUrl } from './actions.ts';
import type { Catalogue } from './catalogue.ts';
import { findTracked } from './filters.ts';
import { keepSound, type Note } from './inconsistency.ts';
import type { ActionRelationship, Metadata } from './metadata.ts';
import { configuredHeaders, type EngineEnvironment } from './remote-schema.ts';
import { mergeSchemas } from './role-schema.ts';

type Sound = Pick<Metadata, 'tables'> & { catalogue: Catalogue; env: EngineEnvironment };

/** The actions without inconsistencies; an inconsistent type removes all actions. */
export function soundActions(metadata: Metadata, sound: Sound, note: Note): Metadata['actions'] {
  try {
    requireTypes(metadata, sound);
  } catch (error) {
    note('custom_types', 'custom_types', metadata.actionsFile.custom_types, error as Error);
    return [];
  }
  return keepSound(
    metadata.actions,
    ({ definition: { handler, headers } }) => {
      handlerUrl(sound.env, handler);
      configuredHeaders(sound.env, headers);
    },
    (action, error) => note('action', action.name, action, error),
  );
}

function requireTypes(metadata: Metadata, { tables, catalogue }: Sound): void {
  const document = actionsDocument(
    { ...metadata, actionRelationships: new Map() },
    metadata.actions,
    () => '',
  );
  const origin = { kind: 'actions' } as const;
  const { schema } = mergeSchemas([{ origin, document, query: 'Query', mutation: 'Mutation' }]);
  const requireRelationship = (typeName: string, { name, ...to }: ActionRelationship) => {
    const type = schema.getType(typeName);
    const fields = isObjectType(type) ? type.getFields() : {};
    const at = `relationship "${name}" of "${typeName}"`;
    if (name in fields) throw new Error(`${at} has the name of a field`);
    const { table } = findTracked(tables, to.remote_table);
    for (const [field, column] of Object.entries(to.field_mapping)) {
      const found = fields[field];
      if (found === undefined || !isLeafType(getNamedType(found.type)))
        throw new Error(`${at}: "${field}" is not a scalar field`);
      if (!catalogue.columns(table).some((known) => known.name === column))
        throw new Error(`${at}: column "${column}" does not exist`);
    }
  };
  for (const [typeName, relationships] of metadata.actionRelationships)
    for (const relationship of relationships) requireRelationship(typeName, relationship);
}
