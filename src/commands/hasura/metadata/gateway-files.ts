import { type GraphQLSchema, isTypeDefinitionNode, Kind, parse } from 'graphql';
import type {
  ActionsDeclaration,
  Declaration,
  RemoteSchemaDeclaration,
  RootFields,
} from './declaration-types.ts';
import { GENERATED } from './generated-mark.ts';
import { roleSdl } from './role-sdl.ts';
import { describeTable } from './table-shape.ts';
import { yamlFile } from './yaml.ts';

const secretHeaders = ({ gateway }: Declaration) => [
  { name: gateway.secretHeader, value_from_env: gateway.secretFrom },
];

function rootFieldsOf(declared: RemoteSchemaDeclaration['rootFields'], role: string): RootFields {
  const fields = declared[role];
  if (fields === undefined) throw new Error(`The role ${role} has no root fields.`);
  return fields;
}

function remoteSchemasFile(declaration: Declaration, seen: GraphQLSchema): string {
  const { name, urlFrom, timeoutSeconds, comment, rootFields } = declaration.remoteSchema;
  return yamlFile([
    {
      name,
      definition: {
        url_from_env: urlFrom,
        timeout_seconds: timeoutSeconds,
        forward_client_headers: true,
        headers: secretHeaders(declaration),
      },
      comment,
      permissions: declaration.roles.map((role) => ({
        role,
        definition: { schema: roleSdl(seen, rootFieldsOf(rootFields, role)) },
      })),
    },
  ]);
}

/** Returns a file for each role's SDL, for the code generators of frontends. */
export function roleFiles({ roles, remoteSchema }: Declaration, seen: GraphQLSchema): [string, string][] {
  return roles.map((role) => [
    `${role}.graphql`,
    `${GENERATED}\n${roleSdl(seen, rootFieldsOf(remoteSchema.rootFields, role))}`,
  ]);
}

function relationshipEntries(type: string, declaration: Declaration) {
  const { actions, source, tables } = declaration;
  return (actions.relationships[type] ?? []).map(({ name, type: kind, table, fieldMapping }) => {
    const target = tables
      .map((declared) => describeTable(declared.table))
      .find((shape) => shape.name === table);
    if (target === undefined)
      throw new Error(`${type}.${name} leads to the table ${table}, which is not tracked.`);
    const { schema } = target;
    const remote_table = { schema, name: table };
    return { name, type: kind, source: source.name, remote_table, field_mapping: fieldMapping };
  });
}

/** Returns `custom_types`. The CLI reads the types from the SDL, and only relationships from here, but requires every name. */
function customTypes(actions: ActionsDeclaration, declaration: Declaration) {
  const types = parse(actions.sdl).definitions.filter(isTypeDefinitionNode);
  const named = (kind: Kind) => types.filter((type) => type.kind === kind).map((type) => type.name.value);
  const objects = named(Kind.OBJECT_TYPE_DEFINITION).filter(
    (name) => name !== 'Query' && name !== 'Mutation',
  );
  return {
    enums: named(Kind.ENUM_TYPE_DEFINITION).map((name) => ({ name })),
    input_objects: named(Kind.INPUT_OBJECT_TYPE_DEFINITION).map((name) => ({ name })),
    objects: objects.map((name) => {
      const relationships = relationshipEntries(name, declaration);
      return relationships.length === 0 ? { name } : { name, relationships };
    }),
    scalars: named(Kind.SCALAR_TYPE_DEFINITION).map((name) => ({ name })),
  };
}

function actionsFile(declaration: Declaration): string {
  const { actions, gateway } = declaration;
  return yamlFile({
    actions: actions.list.map(({ name, timeoutSeconds, comment }) => ({
      name,
      definition: {
        kind: 'synchronous',
        handler: `{{${gateway.urlFrom}}}/hasura/actions/${name}`,
        forward_client_headers: false,
        timeout: timeoutSeconds,
        headers: secretHeaders(declaration),
      },
      permissions: [],
      comment,
    })),
    custom_types: customTypes(actions, declaration),
  });
}

function cronTriggersFile(declaration: Declaration): string {
  return yamlFile(
    declaration.cronTriggers.map((trigger) => ({
      name: trigger.name,
      webhook: `{{${declaration.gateway.urlFrom}}}/hasura/cron/${trigger.name.replaceAll('_', '-')}`,
      schedule: trigger.schedule,
      include_in_metadata: true,
      payload: {},
      retry_conf: {
        num_retries: trigger.retries,
        retry_interval_seconds: trigger.retryIntervalSeconds,
        timeout_seconds: trigger.timeoutSeconds,
        tolerance_seconds: 21_600,
      },
      headers: secretHeaders(declaration),
      comment: trigger.comment,
    })),
  );
}

/** Returns the files by which Hasura calls the gateway. `seen` is the gateway's GraphQL schema as Hasura sees it. */
export function gatewayFiles(declaration: Declaration, seen: GraphQLSchema): Map<string, string> {
  return new Map([
    ['actions.graphql', `${GENERATED}\n${declaration.actions.sdl}`],
    ['actions.yaml', actionsFile(declaration)],
    ['remote_schemas.yaml', remoteSchemasFile(declaration, seen)],
    ['cron_triggers.yaml', cronTriggersFile(declaration)],
  ]);
}
