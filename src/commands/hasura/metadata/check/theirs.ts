import { Kind, parse } from 'graphql';
import { HIDDEN_SCHEMAS } from '../database-role.ts';
import { type CheckContext, entriesWithin, isCondition, shapeOf, where } from './context.ts';
import { actionNames, type Entry, listOf, tableOf } from './parts.ts';
import { type Finding, finding } from './rules.ts';
import { rootFieldsOf, typesOf } from './sdl-document.ts';

/**
 * Checks what an application's own metadata could break: it tracks our tables a second time or our private schemas, takes our
 * names, sends our secret elsewhere, or keeps Hasura's CLI from applying the files. Everything else of theirs is not judged.
 */
export function* checkTheirs(context: CheckContext): Generator<Finding> {
  yield* checkTables(context);
  yield* checkRelationshipNames(context);
  yield* checkInheritedRoles(context);
  yield* checkActionFiles(context);
  yield* checkSecret(context);
}

const sourcesOf = ({ all }: CheckContext) =>
  listOf(all.documents.databases).map((source) => ({
    source: String(source.name),
    tables: listOf(source.tables),
  }));

function* checkTables(context: CheckContext): Generator<Finding> {
  const { databaseSchema, source: ours } = context.declaration;
  for (const { source, tables } of sourcesOf(context)) {
    for (const table of tables.flatMap((entry) => tableOf(entry) ?? [])) {
      if (HIDDEN_SCHEMAS.some((schema) => schema === table.schema))
        yield finding('table-schema', where(table), `Hasura must not see the schema ${table.schema}.`);
      if (table.schema !== databaseSchema || source === ours.name) continue;
      const message = `The source ${source} tracks it too: only ${ours.name} may, where its permissions are checked.`;
      yield finding('table-tracked', where(table), message);
    }
  }
}

/** Checks the names of relationships of our tables, with those that an application adds. */
function* checkRelationshipNames(context: CheckContext): Generator<Finding> {
  const { databaseSchema, source: ours } = context.declaration;
  const [own] = sourcesOf(context).filter(({ source }) => source === ours.name);
  for (const entry of own?.tables ?? []) {
    const table = tableOf(entry);
    if (table?.schema !== databaseSchema) continue;
    const names = (key: string) => listOf(entry[key]).map(({ name }) => String(name));
    const plain = [...names('object_relationships'), ...names('array_relationships')];
    const joins = names('remote_relationships');
    const taken = [...plain, ...(shapeOf(context, table)?.columns ?? [])];
    const isTaken = (name: string, names: string[]) => names.filter((other) => other === name).length > 1;
    const message = (name: string) => `The name ${name} is taken by a column or another relationship.`;
    for (const name of plain)
      if (isTaken(name, taken)) yield finding('relationship', where(table), message(name));
    for (const name of joins)
      if (isTaken(name, [...taken, ...joins])) yield finding('join-name', where(table), message(name));
  }
}

function* checkInheritedRoles({ all, declaration }: CheckContext): Generator<Finding> {
  for (const { role_name } of listOf(all.documents.inherited_roles)) {
    if (!declaration.roles.some((role) => role === role_name)) continue;
    yield finding('role-known', 'inherited_roles', `${role_name} is a role of the gateway already.`);
  }
}

/** Checks that the two files of the actions name the same: Hasura's CLI refuses all metadata otherwise. */
function* checkActionFiles({ all, declaration }: CheckContext): Generator<Finding> {
  const ours = actionNames(declaration);
  const document = parse(all.actionsSdl);
  const file: Entry = isCondition(all.documents.actions) ? all.documents.actions : {};
  const fields = rootFieldsOf(document).map(({ name }) => name.value);
  const listed = listOf(file.actions).map(({ name }) => String(name));
  const types = typesOf(document).map(({ name }) => name.value);
  const listedTypes = Object.values(isCondition(file.custom_types) ? file.custom_types : {})
    .flatMap(listOf)
    .map(({ name }) => String(name));
  const missing = (at: string, name: string) => finding('action-declared', at, `${name} is missing.`);
  for (const name of fields)
    if (!listed.includes(name) && !ours.actions.includes(name)) yield missing('actions.yaml', name);
  for (const name of listed)
    if (!fields.includes(name) && !ours.actions.includes(name)) yield missing('actions.graphql', name);
  for (const name of listedTypes)
    if (!types.includes(name) && !ours.types.includes(name)) yield missing('actions.graphql', name);
  for (const type of typesOf(document)) {
    if (type.kind !== Kind.INTERFACE_TYPE_DEFINITION && type.kind !== Kind.UNION_TYPE_DEFINITION) continue;
    yield finding('action-sdl', 'actions.graphql', `${type.name.value}: ${type.kind} is not supported.`);
  }
}

/** Checks that only our entries send the secret that Hasura shares with the gateway. */
function* checkSecret({ all, declaration }: CheckContext): Generator<Finding> {
  const { secretFrom } = declaration.gateway;
  const isSecret = (value: unknown) =>
    typeof value === 'string' && (value === secretFrom || value.includes(`{{${secretFrom}}}`));
  const ours = new Set([...entriesWithin(all.own)].map(({ value }) => value));
  for (const { value, path } of entriesWithin(all.documents)) {
    if (!isCondition(value) || ours.has(value) || !Object.values(value).some(isSecret)) continue;
    yield finding('secret-header', path, `Only entries of the gateway may send ${secretFrom}.`);
  }
}
