import {
  type ConstValueNode,
  type DocumentNode,
  type FieldNode,
  FieldsOnCorrectTypeRule,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  NoUnusedFragmentsRule,
  NoUnusedVariablesRule,
  type OperationDefinitionNode,
  type OperationTypeNode,
  parse,
  print,
  type SelectionSetNode,
  specifiedRules,
  type ValidationRule,
  type VariableDefinitionNode,
  validate,
  valueFromASTUntyped,
  visit,
} from 'graphql';
import { isObject, refusal } from './failure.ts';
import { askOriginal, originalNamed, type RemoteNaming } from './remote-naming.ts';

type Variables = Readonly<Record<string, unknown>>;
export type ClientRequest = {
  query: string;
  operationName?: string | null;
  variables?: Variables | null;
};

/** A client's operation that is valid in the schema of its role. */
export type Operation = {
  document: DocumentNode;
  definition: OperationDefinitionNode;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** The name to forward: that of the request, else that of the only definition in the document. */
  name: string | null;
  /** The variables of the client, and the defaults of the document. */
  variables: Variables;
};

const invalid = (message: string, path?: string) => refusal('validation-failed', message, path);

/** Reads the request of a client (hasura/README.md, "Answers of the engine"). */
export function readRequest(body: unknown): ClientRequest {
  if (!isObject(body) || typeof body.query !== 'string')
    throw refusal('parse-failed', 'the body is not a GraphQL request');
  return body as ClientRequest;
}

/** Refuses unknown fields in the engine's words, which `hasura:status` and the scenarios quote. */
const unknownFieldRule: ValidationRule = (context) => {
  const path: string[] = [];
  return {
    Field: {
      enter({ name }) {
        path.push(name.value);
        const parent = context.getParentType();
        if (parent && !context.getFieldDef())
          throw invalid(
            `field '${name.value}' not found in type: '${parent.name}'`,
            `$${path.map((field) => `.selectionSet.${field}`).join('')}`,
          );
      },
      leave: () => void path.pop(),
    },
  };
};
/** Other messages are those of graphql-js. Hasura accepts unused variables and fragments. */
const RULES = [
  unknownFieldRule,
  ...specifiedRules.filter(
    (rule) =>
      ![FieldsOnCorrectTypeRule, NoUnusedVariablesRule, NoUnusedFragmentsRule].some((it) => it === rule),
  ),
];

/** Reads a client's operation as the engine does (hasura/README.md, "Answers of the engine"). */
export function readOperation(schema: GraphQLSchema, request: ClientRequest): Operation {
  const document = parseDocument(request.query);
  const definition = getOperationAST(document, request.operationName);
  if (definition == null) throw invalid('the document has not exactly one operation of that name');
  const [error] = validate(schema, document, RULES);
  if (error !== undefined) throw invalid(error.message);
  const only = document.definitions.length === 1 ? definition.name?.value : undefined;
  const defaults = (definition.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
  );
  return {
    ...{ document, definition, name: request.operationName ?? only ?? null },
    fragments: new Map(
      document.definitions.flatMap((node) =>
        node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [],
      ),
    ),
    variables: { ...Object.fromEntries(defaults), ...request.variables },
  };
}

function parseDocument(query: string): DocumentNode {
  try {
    return parse(query);
  } catch {
    throw invalid('not a valid graphql query', '$.query');
  }
}

/** A variable's default; null for a nullable variable without a default. */
const defaultOf = ({ type, defaultValue }: VariableDefinitionNode): ConstValueNode | undefined =>
  defaultValue ?? (type.kind === Kind.NON_NULL_TYPE ? undefined : { kind: Kind.NULL });

/**
 * A request for root fields of a remote schema (hasura/README.md, "Execution requests"): the document has inlined fragments and
 * the variables that these fields use. An argument whose variable has no value is left out.
 */
export function requestFor(
  { definition, fragments, name, variables }: Omit<Operation, 'document'>,
  { operation, fields, names }: RemoteRequest,
): Record<string, unknown> {
  const used = new Set<string>();
  const whole = inlineFragments({ kind: Kind.SELECTION_SET, selections: fields }, fragments);
  const inlined = visit(whole, {
    Argument: ({ value }) =>
      value.kind === Kind.VARIABLE && !Object.hasOwn(variables, value.name.value) ? null : undefined,
    Variable: ({ name: own }) => void used.add(own.value),
  });
  const selectionSet = names === undefined ? inlined : askOriginal(inlined, names);
  const declared = (definition.variableDefinitions ?? []).filter((node) =>
    used.has(node.variable.name.value),
  );
  const variableDefinitions = declared.map((node) => {
    const defaultValue = defaultOf(node);
    const { type } = names === undefined ? node : originalVariable(node, names.naming);
    return { ...node, type, ...(defaultValue !== undefined && { defaultValue }) };
  });
  const named = name !== null && { name: { kind: Kind.NAME, value: name } as const };
  const sent = declared.map(({ variable: { name: own } }) => [own.value, variables[own.value] ?? null]);
  return {
    query: print({ kind: Kind.OPERATION_DEFINITION, operation, ...named, variableDefinitions, selectionSet }),
    ...(name !== null && { operationName: name }),
    ...(sent.length > 0 && { variables: Object.fromEntries(sent) }),
  };
}

/** A selection whose named fragments stand where they are used. */
export const inlineFragments = (
  selection: SelectionSetNode,
  fragments: Operation['fragments'],
): SelectionSetNode =>
  visit(selection, {
    FragmentSpread({ name, directives = [] }) {
      const fragment = fragments.get(name.value);
      if (fragment === undefined) throw new Error('A fragment is missing from a document that was valid.');
      const { typeCondition, selectionSet } = fragment;
      return { kind: Kind.INLINE_FRAGMENT, typeCondition, directives, selectionSet };
    },
  });

type RemoteRequest = {
  operation: OperationTypeNode;
  fields: readonly FieldNode[];
  /** The names that the engine serves, if the fields are not yet in those of the remote schema. */
  names?: { schema: GraphQLSchema; parent: string; naming: RemoteNaming };
};

const originalVariable = (node: VariableDefinitionNode, naming: RemoteNaming): VariableDefinitionNode =>
  visit(node, { NamedType: { leave: (named) => originalNamed(named, naming) } });

/** The name of the field in the client's answer. */
export const keyOf = (field: FieldNode): string => field.alias?.value ?? field.name.value;
