import { at, isObject, type Json, type JsonObject, objectsOf, textOf } from '../json.ts';
import { tableKey } from '../lists.ts';
import type { Claim, Renaming } from './claims.ts';

const capital = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);
const pascal = (name: string) => name.split('_').map(capital).join('');
const camel = (name: string) => pascal(name).replace(/^./, (letter) => letter.toLowerCase());

/** The root fields that Hasura makes from a table: the key of `custom_root_fields`, and the default name. */
const ROOT_FIELDS: readonly [string, (name: string) => string][] = [
  ['select', (name) => name],
  ['select_by_pk', (name) => `${name}_by_pk`],
  ['select_aggregate', (name) => `${name}_aggregate`],
  ['select_stream', (name) => `${name}_stream`],
  ['insert', (name) => `insert_${name}`],
  ['insert_one', (name) => `insert_${name}_one`],
  ['update', (name) => `update_${name}`],
  ['update_by_pk', (name) => `update_${name}_by_pk`],
  ['update_many', (name) => `update_${name}_many`],
  ['delete', (name) => `delete_${name}`],
  ['delete_by_pk', (name) => `delete_${name}_by_pk`],
];

/** The endings of the types that Hasura makes from a table. */
const TYPE_ENDINGS: readonly string[] = [
  ...['', '_aggregate', '_aggregate_fields', '_bool_exp', '_order_by', '_select_column', '_insert_input'],
  ...['_set_input', '_inc_input', '_mutation_response', '_constraint', '_on_conflict', '_update_column'],
  ...['_updates', '_pk_columns_input', '_stream_cursor_input', '_stream_cursor_value_input'],
  ...['_max_fields', '_min_fields', '_arr_rel_insert_input', '_obj_rel_insert_input', '_aggregate_order_by'],
];

const ending = (entry: Json | undefined, key: string) => textOf(at(entry, key));

/** Reads the customization of a source. */
function renamingOfSource(source: JsonObject): Renaming {
  const { root_fields: fields, type_names: types } = isObject(source.customization)
    ? source.customization
    : {};
  const namespace = ending(fields, 'namespace');
  return {
    rootField: (name) => `${ending(fields, 'prefix')}${name}${ending(fields, 'suffix')}`,
    type: (name) => `${ending(types, 'prefix')}${name}${ending(types, 'suffix')}`,
    namespace: namespace === '' ? null : namespace,
  };
}

/** The schema whose name Hasura leaves out of GraphQL names. */
const defaultSchema = ({ kind }: JsonObject): string => (kind === 'mssql' ? 'dbo' : 'public');

/**
 * Names a table in GraphQL: its custom name, or `<schema>_<table>` outside the default schema. BigQuery has datasets for schemas,
 * and sources of data connectors have a list of names.
 */
function baseName(entry: JsonObject, source: JsonObject): { name: string; isCustom: boolean } {
  const custom = textOf(at(entry.configuration, 'custom_name'));
  if (custom !== '') return { name: custom, isCustom: true };
  const { table = null } = entry;
  if (Array.isArray(table)) return { name: table.map(textOf).join('_'), isCustom: false };
  const name = typeof table === 'string' ? table : textOf(at(table, 'name'));
  const schema = textOf(at(table, 'dataset')) || textOf(at(table, 'schema'));
  return { name: ['', defaultSchema(source)].includes(schema) ? name : `${schema}_${name}`, isCustom: false };
}

/** A custom root field is a text, or an object with a name and a comment. */
const customRootField = (entry: JsonObject, key: string): string => {
  const value = at(entry.configuration, 'custom_root_fields', key);
  return isObject(value) ? textOf(value.name) : textOf(value);
};

type Context = { source: JsonObject; convention: string };

function tableNames(
  entry: JsonObject,
  { source, convention }: Context,
): { fields: string[]; types: string[] } {
  const { name, isCustom } = baseName(entry, source);
  const isGraphql = convention === 'graphql-default';
  const field = (text: string) => (isGraphql ? camel(text) : text);
  const type = (text: string) => (isGraphql ? pascal(text) : text);
  return {
    fields: ROOT_FIELDS.map(
      ([key, make]) =>
        customRootField(entry, key) || (isCustom && key === 'select' ? name : field(make(name))),
    ),
    types: TYPE_ENDINGS.map((suffix) => type(`${name}${suffix}`)).concat(isCustom ? [name] : []),
  };
}

const functionFields = (entry: JsonObject, { source, convention }: Context): string[] => {
  const custom = textOf(at(entry.configuration, 'custom_name'));
  const { name } = baseName({ table: entry.function ?? null }, source);
  const base = custom || (convention === 'graphql-default' ? camel(name) : name);
  return [
    customRootField(entry, 'function') || base,
    customRootField(entry, 'function_aggregate') || `${base}_aggregate`,
  ];
};

/**
 * Lists the root fields and types of a source.
 * @param defaultConvention the naming convention of the engine, for a source without one
 */
export function claimsOfSource(source: JsonObject, defaultConvention: string): Claim[] {
  const convention = textOf(at(source.customization, 'naming_convention')) || defaultConvention;
  const renaming = renamingOfSource(source);
  const of = `of source ${textOf(source.name)}`;
  const context = { source, convention };
  const named = (by: string, names: { fields: string[]; types: string[] }): Claim[] => [
    ...(renaming.namespace === null ? names.fields : []).map(
      (name): Claim => ({ name: renaming.rootField(name), kind: 'root field', by, shape: null }),
    ),
    ...names.types.map((name): Claim => ({ name: renaming.type(name), kind: 'type', by, shape: null })),
  ];
  return [
    ...(renaming.namespace === null
      ? []
      : [
          {
            name: renaming.namespace,
            kind: 'root field',
            by: `source ${textOf(source.name)}`,
            shape: null,
          } as const,
        ]),
    ...objectsOf(source.tables).flatMap((entry) =>
      named(`table ${tableKey(entry.table)} ${of}`, tableNames(entry, context)),
    ),
    ...objectsOf(source.functions).flatMap((entry) =>
      named(`function ${tableKey(entry.function)} ${of}`, {
        fields: functionFields(entry, context),
        types: [],
      }),
    ),
    ...objectsOf(source.stored_procedures).flatMap((entry) =>
      named(`stored procedure ${tableKey(entry.stored_procedure)} ${of}`, {
        fields: functionFields({ ...entry, function: entry.stored_procedure ?? null }, context),
        types: [],
      }),
    ),
    ...objectsOf(source.native_queries).flatMap((entry) =>
      named(`native query ${of}`, { fields: [textOf(entry.root_field_name)], types: [] }),
    ),
    ...objectsOf(source.logical_models).flatMap((entry) =>
      named(`logical model ${of}`, { fields: [], types: [textOf(entry.name)] }),
    ),
  ];
}
