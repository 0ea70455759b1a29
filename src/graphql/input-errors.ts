import type { DocumentNode, VariableDefinitionNode } from 'graphql';
import {
  coerceInputValue,
  type GraphQLInputType,
  type GraphQLSchema,
  getOperationAST,
  isInputType,
  isNonNullType,
  typeFromAST,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { AuthError } from '../errors.ts';
import type { Context } from './context.ts';
import { asGraphQLError } from './errors.ts';

const MISSING_FIELD = /^Field "(\w+)" of required type/;
const UNKNOWN_FIELD = /^Field "(\w{1,64})" is not defined by type/;
const NULL_FOR_NON_NULL = /^Expected non-nullable type/;

const attributeOf = (path: readonly (string | number)[]): string =>
  path.filter((key) => key !== 'input').join('.');

function explain(path: readonly (string | number)[], variable: string, message: string): AuthError {
  const at = [variable, ...path];
  const missing = MISSING_FIELD.exec(message)?.[1];
  if (missing !== undefined) return new AuthError('required', { attribute: attributeOf([...at, missing]) });
  if (NULL_FOR_NON_NULL.test(message))
    return new AuthError('required', { attribute: attributeOf(at) || variable });
  const unknown = UNKNOWN_FIELD.exec(message)?.[1];
  if (unknown !== undefined)
    return new AuthError('invalid_input', {
      attribute: attributeOf([...at, unknown]),
      message: 'This attribute is not known.',
    });
  return new AuthError('invalid_input', {
    attribute: attributeOf(at) || variable,
    message: 'This attribute has the wrong type.',
  });
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
        return new AuthError('required', { attribute: name });
      continue;
    }
    let problem: AuthError | null = null;
    coerceInputValue(values[name], type, (path, _value, error) => {
      problem ??= explain(path, name, error.message);
    });
    if (problem !== null) return problem;
  }
  return null;
}

/**
 * Says which attribute of the variables does not fit, before graphql-js does: its own sentences quote the whole input,
 * passwords included, and carry no code.
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
