import { facts, marked } from './facts.ts';
import { asJson, at, type Json, type JsonObject, objectOf, objectsOf, textOf, without } from './json.ts';

/** Where our objects go, and what their names begin with. */
export type Target = {
  source: string;
  namespace: string;
  typePrefix: string;
  /** The role of clients without a token. */
  unauthorizedRole: string;
};

/**
 * Makes our objects for an engine: the generated ones, with marks, under the names that the target asks for.
 * @param generated our part of the metadata, for the target's source
 * @param installed our source and our remote schema as the engine has them. Settings that the generator does not know stay.
 */
export function makeOurs(
  generated: object,
  target: Target,
  installed: { source: JsonObject; remoteSchema: JsonObject },
): JsonObject {
  const ours = asJson(generated);
  const [source = {}] = objectsOf(ours.sources);
  const [remoteSchema = {}] = objectsOf(ours.remote_schemas);
  return {
    sources: [sourceFor(source, target, installed.source)],
    remote_schemas: [remoteSchemaFor(remoteSchema, target, installed.remoteSchema)],
    actions: objectsOf(ours.actions).map((action) => actionFor(action, ours, target)),
    custom_types: typesFor(objectOf(ours.custom_types), target),
    cron_triggers: objectsOf(ours.cron_triggers).map((trigger) => ({
      ...trigger,
      name: named(trigger, target),
    })),
  };
}

const named = ({ name }: JsonObject, { namespace }: Target): string =>
  namespace === '' ? textOf(name) : `${namespace}_${textOf(name)}`;

/** The installed settings with the given ones; a setting that is empty is left out. */
const override = (installed: JsonObject, settings: Readonly<Record<string, string>>): JsonObject =>
  Object.fromEntries(Object.entries({ ...installed, ...settings }).filter(([, value]) => value !== ''));

function sourceFor(source: JsonObject, target: Target, installed: JsonObject): JsonObject {
  const isOwn = target.source === facts.source;
  const tables = objectsOf(source.tables).map((table) => tableFor(table, target, isOwn));
  if (!isOwn) return { name: target.source, tables };
  const connection = {
    ...objectOf(at(installed.configuration, 'connection_info')),
    ...objectOf(at(source.configuration, 'connection_info')),
  };
  const present = without(objectOf(installed.customization), ['root_fields', 'type_names']);
  const rootFields = override(objectOf(at(installed.customization, 'root_fields')), {
    prefix: target.namespace === '' ? '' : `${target.namespace}_`,
  });
  const typeNames = override(objectOf(at(installed.customization, 'type_names')), {
    prefix: target.typePrefix,
  });
  return {
    name: target.source,
    kind: source.kind ?? 'postgres',
    configuration: { ...objectOf(installed.configuration), connection_info: connection },
    customization: {
      ...present,
      ...(Object.keys(rootFields).length > 0 && { root_fields: rootFields }),
      ...(Object.keys(typeNames).length > 0 && { type_names: typeNames }),
      // Without it, HASURA_GRAPHQL_DEFAULT_NAMING_CONVENTION would rename our fields.
      naming_convention: 'hasura-default',
    },
    tables,
  };
}

/** A source of theirs has no prefix for our tables alone. So a name of our own gets it. */
function tableFor(table: JsonObject, target: Target, isOwn: boolean): JsonObject {
  const customName = textOf(at(table.configuration, 'custom_name'));
  const configuration =
    !isOwn && customName !== '' && target.namespace !== ''
      ? {
          configuration: {
            ...objectOf(table.configuration),
            custom_name: `${target.namespace}_${customName}`,
          },
        }
      : {};
  const lists = Object.entries(table).flatMap(([name, value]): [string, Json][] => {
    if (name.endsWith('_permissions')) return [[name, permissionsFor(value, target)]];
    return /^(object|array)_relationships$/.test(name) ? [[name, objectsOf(value).map(withMark)]] : [];
  });
  return { ...table, ...configuration, ...Object.fromEntries(lists) };
}

const withMark = (entry: JsonObject): JsonObject => ({ ...entry, comment: marked(textOf(entry.comment)) });

/** The generator calls the role of clients without a token `anonymous`. */
const forRole = (permission: JsonObject, { unauthorizedRole }: Target): JsonObject =>
  permission.role === 'anonymous' ? { ...permission, role: unauthorizedRole } : permission;

const permissionsFor = (permissions: Json | undefined, target: Target): JsonObject[] =>
  objectsOf(permissions).map((entry) => withMark(forRole(entry, target)));

function remoteSchemaFor(entry: JsonObject, target: Target, installed: JsonObject): JsonObject {
  const present = objectOf(at(installed.definition, 'customization'));
  const typeNames = override(objectOf(present.type_names), { prefix: target.typePrefix });
  const customization = Object.fromEntries(
    Object.entries({
      ...override(present, { root_fields_namespace: target.namespace }),
      type_names: typeNames,
    }).filter(
      ([, value]) =>
        typeof value === 'string' || Object.keys(objectOf(value)).length > 0 || Array.isArray(value),
    ),
  );
  return {
    ...entry,
    definition: {
      ...objectOf(entry.definition),
      ...(Object.keys(customization).length > 0 && { customization }),
    },
    // Role SDLs and joins keep the names of the gateway: Hasura reads them before the customization.
    // Without a mark: releases differ in whether these permissions have a comment.
    permissions: objectsOf(entry.permissions).map((permission) => forRole(permission, target)),
  };
}

/** Puts the prefix before the names of our custom types in `[Name!]!`; Postgres scalars keep their names. */
function retyped(reference: Json | undefined, own: ReadonlySet<string>, { typePrefix }: Target): string {
  return textOf(reference).replaceAll(/\w+/g, (name) => (own.has(name) ? `${typePrefix}${name}` : name));
}

const TYPE_LISTS = ['objects', 'input_objects', 'enums', 'scalars'] as const;

const namesOf = (types: JsonObject): ReadonlySet<string> =>
  new Set(TYPE_LISTS.flatMap((list) => objectsOf(types[list]).map(({ name }) => textOf(name))));

function actionFor(action: JsonObject, ours: JsonObject, target: Target): JsonObject {
  const own = namesOf(objectOf(ours.custom_types));
  const definition = objectOf(action.definition);
  return {
    ...action,
    name: named(action, target),
    definition: {
      ...definition,
      output_type: retyped(definition.output_type, own, target),
      arguments: objectsOf(definition.arguments).map((argument) => ({
        ...argument,
        type: retyped(argument.type, own, target),
      })),
    },
    permissions: objectsOf(action.permissions).map(withMark),
  };
}

function typesFor(types: JsonObject, target: Target): JsonObject {
  const own = namesOf(types);
  const renamed = (type: JsonObject): JsonObject => ({
    ...type,
    name: `${target.typePrefix}${textOf(type.name)}`,
    ...(type.fields !== undefined && {
      fields: objectsOf(type.fields).map((field) => ({ ...field, type: retyped(field.type, own, target) })),
    }),
    ...(type.relationships !== undefined && {
      relationships: objectsOf(type.relationships).map((relationship) => ({
        ...relationship,
        source: target.source,
      })),
    }),
  });
  const lists = TYPE_LISTS.map((list): [string, JsonObject[]] => [list, objectsOf(types[list]).map(renamed)]);
  return Object.fromEntries(lists.filter(([, entries]) => entries.length > 0));
}
