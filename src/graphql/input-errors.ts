import type { ArgumentNode, DocumentNode, ObjectFieldNode, VariableDefinitionNode } from 'graphql';
import {
  coerceInputValue,
  type GraphQLInputType,
  type GraphQLSchema,
  getOperationAST,
  isInputType,
  isNonNullType,
  Kind,
  typeFromAST,
  visit,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { AuthError } from '../errors.ts';
import { findIllFormed, illFormed } from '../request/well-formed.ts';
import type { Context } from './context.ts';
import { asGraphQLError } from './errors.ts';
import { beginningOf } from './sentences.ts';

const MISSING_FIELD = /^Field "(\w+)" of required type/;
const UNKNOWN_FIELD = /^Field "(\w{1,64})" is not defined by type/;
const NULL_FOR_NON_NULL = /^Expected non-nullable type/;

/** The path by the names of the schema, without the argument `input` of every mutation. */
const namesOf = (path: readonly (string | number)[]) => path.filter((key) => key !== 'input');
const attributeOf = (path: readonly (string | number)[]): string => namesOf(path).join('.') || 'input';

/**
 * The argument or input field that takes a variable. The variable's own name says nothing: Hasura invents names
 * (hasura/README.md, "Execution requests").
 */
function usageOf(document: DocumentNode, variable: string): string {
  let usage: string | undefined;
  const look = ({ name, value }: ArgumentNode | ObjectFieldNode) => {
    if (value.kind === Kind.VARIABLE && value.name.value === variable) usage ??= name.value;
  };
  visit(document, { Argument: look, ObjectField: look });
  return usage ?? variable;
}

function explain(at: readonly (string | number)[], sentence: string): AuthError {
  const message = beginningOf(sentence);
  const missing = MISSING_FIELD.exec(message)?.[1];
  if (missing !== undefined) return new AuthError('required', { attribute: attributeOf([...at, missing]) });
  if (NULL_FOR_NON_NULL.test(message)) return new AuthError('required', { attribute: attributeOf(at) });
  const unknown = UNKNOWN_FIELD.exec(message)?.[1];
  if (unknown !== undefined)
    return new AuthError('invalid_input', {
      attribute: attributeOf([...at, unknown]),
      message: 'This attribute is not known.',
    });
  return new AuthError('invalid_input', {
    attribute: attributeOf(at),
    message: 'This attribute has the wrong type.',
  });
}

/** The first problem of a value that does not fit its type. graphql-js would collect all problems. */
function firstProblem(value: unknown, type: GraphQLInputType, usage: () => string): AuthError | null {
  try {
    coerceInputValue(value, type, (path, _value, error) => {
      throw explain([usage(), ...path], error.message);
    });
    return null;
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
}

function inputTypeOf(schema: GraphQLSchema, definition: VariableDefinitionNode): GraphQLInputType | null {
  const type = typeFromAST(schema, definition.type as Parameters<typeof typeFromAST>[1]);
  return isInputType(type) ? type : null;
}

function findProblem(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | null | undefined,
  values: Record<string, unknown>,
): AuthError | null {
  for (const definition of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const name = definition.variable.name.value;
    const type = inputTypeOf(schema, definition);
    if (type === null) continue;
    if (!Object.hasOwn(values, name)) {
      if (isNonNullType(type) && definition.defaultValue === undefined)
        return new AuthError('required', { attribute: attributeOf([usageOf(document, name)]) });
      continue;
    }
    const usage = () => usageOf(document, name);
    const illFormedAt = findIllFormed(values[name]);
    if (illFormedAt !== null) return illFormed(namesOf([usage(), ...illFormedAt]));
    const problem = firstProblem(values[name], type, usage);
    if (problem !== null) return problem;
  }
  return null;
}

/**
 * Refuses variables that do not fit their types, and names the attribute at fault. It runs before graphql-js, whose messages
 * quote the whole input with its passwords, and have no code.
 */
export function useInputErrors(): Plugin<Context> {
  return {
    onExecute({ args, setResultAndStopExecution }) {
      const values = (args.variableValues ?? {}) as Record<string, unknown>;
      const problem = findProblem(args.schema, args.document, args.operationName, values);
      if (problem !== null)
        setResultAndStopExecution({ errors: [asGraphQLError(problem, args.contextValue.requestId)] });
    },
  };
}
