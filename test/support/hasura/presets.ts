import {
  type ArgumentNode,
  type ConstValueNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLNamedType,
  type GraphQLSchema,
  type InputValueDefinitionNode,
  isEnumType,
  Kind,
  parseType,
  print,
  type TypeNode,
  visit,
} from 'graphql';
import type { Operation } from './document.ts';
import { refusal } from './failure.ts';
import type { HasuraSession } from './filters.ts';

/** An argument that the role does not see: a fixed value, or a session variable's. */
export type Preset = { argument: string; type: TypeNode; value: ConstValueNode; variable: string | null };
/** By root field. Presets of other fields and of input objects are not played: the metadata has none at all. */
export type Presets = ReadonlyMap<string, readonly Preset[]>;
export type RoleSdl = { document: DocumentNode; presets: Presets };

function readPreset(node: InputValueDefinitionNode): Preset | null {
  const given = node.directives?.find(({ name }) => name.value === 'preset')?.arguments;
  if (given === undefined) return null;
  const argument = (name: string) => given.find((entry) => entry.name.value === name)?.value;
  const value = argument('value');
  if (value === undefined) throw new Error(`The preset of ${node.name.value} has no value.`);
  if (value.kind !== Kind.STRING && /"x-hasura-/i.test(print(value)))
    throw new Error('Session variables inside a preset are not played.');
  const fixed = argument('static');
  const isStatic = fixed?.kind === Kind.BOOLEAN && fixed.value;
  const isVariable = value.kind === Kind.STRING && /^x-hasura-/i.test(value.value) && !isStatic;
  const variable = isVariable ? value.value.toLowerCase() : null;
  return { argument: node.name.value, type: node.type, value, variable };
}

/** Parts a role's SDL into what the role sees and what is preset (hasura/README.md, "Remote schema permissions"). */
export function takePresets(
  sdl: DocumentNode,
  { query, mutation } = { query: 'Query', mutation: 'Mutation' },
): RoleSdl {
  const presets = new Map<string, Preset[]>();
  const document: DocumentNode = visit(sdl, {
    ObjectTypeDefinition: (node) => ([query, mutation].includes(node.name.value) ? undefined : false),
    FieldDefinition(node) {
      const found = (node.arguments ?? []).flatMap((argument) => readPreset(argument) ?? []);
      presets.set(node.name.value, found);
      const seen = node.arguments?.filter(
        ({ name }) => !found.some((preset) => preset.argument === name.value),
      );
      return { ...node, arguments: seen ?? [] };
    },
  });
  visit(document, {
    Directive() {
      throw new Error('Presets are played for the arguments of root fields only.');
    },
  });
  return { document, presets };
}

const coercionError = (value: string, why: string) => refusal('coercion-error', `"${value}" ${why}`);

/** Built-in scalars and enums are read; any other scalar is a text. */
function sessionValue(session: HasuraSession, variable: string, type: GraphQLNamedType | undefined): unknown {
  const value = session[variable];
  if (value === undefined)
    throw refusal('not-found', `"${variable}" session variable expected, but not found`);
  if (isEnumType(type)) {
    if (type.getValue(value) !== undefined) return value;
    const isName = /^[_A-Za-z]\w*$/.test(value);
    throw coercionError(
      value,
      isName ? 'is not one of the valid enum values' : 'is not a valid GraphQL name',
    );
  }
  const read = READERS[type?.name ?? ''];
  if (read === undefined) return value;
  if (!read.form.test(value)) throw coercionError(value, `cannot be coerced into ${read.what} value`);
  return JSON.parse(value);
}

const READERS: Record<string, { what: string; form: RegExp }> = {
  Int: { what: 'an Int', form: /^-?(?:0|[1-9]\d*)$/ },
  Float: { what: 'a Float', form: /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e-?\d+)?$/ },
  Boolean: { what: 'a Boolean', form: /^(?:true|false)$/ },
};

/** Adds what is preset: a session variable's value as a variable of its name, which is then not null. */
export function applyPresets(
  presets: readonly Preset[],
  { operation, field }: { operation: Operation; field: FieldNode },
  session: HasuraSession,
  upstream: GraphQLSchema,
): { operation: Operation; field: FieldNode } {
  const variables = { ...operation.variables };
  const definitions = [...(operation.definition.variableDefinitions ?? [])];
  const added = presets.map(({ argument, type, value, variable }): ArgumentNode => {
    const name = { kind: Kind.NAME, value: argument } as const;
    if (variable === null) return { kind: Kind.ARGUMENT, name, value };
    const named = type.kind === Kind.NON_NULL_TYPE ? type.type : type;
    if (named.kind !== Kind.NAMED_TYPE) throw new Error('A session variable is preset for a list.');
    const own = { kind: Kind.NAME, value: variable.replaceAll('-', '_') } as const;
    const reference = { kind: Kind.VARIABLE, name: own } as const;
    const typeNode = parseType(`${named.name.value}!`);
    definitions.push({ kind: Kind.VARIABLE_DEFINITION, variable: reference, type: typeNode });
    variables[own.value] = sessionValue(session, variable, upstream.getType(named.name.value));
    return { kind: Kind.ARGUMENT, name, value: reference };
  });
  const definition = { ...operation.definition, variableDefinitions: definitions };
  return {
    operation: { ...operation, definition, variables },
    field: { ...field, arguments: [...(field.arguments ?? []), ...added] },
  };
}
