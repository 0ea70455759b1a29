import {
  type ConstValueNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  valueFromASTUntyped,
  visit,
} from 'graphql';
import type { Variables } from './document.ts';
import { refusal } from './failure.ts';

const invalid = (message: string) => refusal('validation-failed', message);

/** The variables that an operation uses, in its directives too and in the fragments that it reaches. */
function usedBy(
  definition: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): Set<string> {
  const used = new Set<string>();
  const reached = new Set<FragmentDefinitionNode>();
  const look = (node: OperationDefinitionNode | FragmentDefinitionNode) =>
    visit(node, {
      VariableDefinition: () => false,
      Variable: ({ name }) => void used.add(name.value),
      FragmentSpread({ name }) {
        const fragment = fragments.get(name.value);
        if (fragment === undefined || reached.has(fragment)) return;
        reached.add(fragment);
        look(fragment);
      },
    });
  look(definition);
  return used;
}

/**
 * A variable's default; one that may be null has null, where the document says nothing (hasura/README.md, "Execution
 * requests").
 */
export const defaultOf = ({
  type,
  defaultValue,
}: NonNullable<OperationDefinitionNode['variableDefinitions']>[number]): ConstValueNode | undefined =>
  defaultValue ?? (type.kind === Kind.NON_NULL_TYPE ? undefined : { kind: Kind.NULL });

/**
 * The variables as they count from here on: what the client sent and what the document gives by default. An operation
 * may declare some that it does not use, but a client must not send any that is not used.
 */
export function resolveVariables(
  definition: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  sent: Variables,
): Variables {
  const values: Variables = {};
  const declared = new Set<string>();
  for (const { variable, type, defaultValue } of definition.variableDefinitions ?? []) {
    const name = variable.name.value;
    if (declared.has(name)) throw refusal('parse-failed', `multiple definitions for variable "${name}"`);
    declared.add(name);
    if (Object.hasOwn(sent, name)) values[name] = sent[name];
    else if (defaultValue !== undefined) values[name] = valueFromASTUntyped(defaultValue);
    else if (type.kind === Kind.NON_NULL_TYPE)
      throw invalid(`expecting a value for non-nullable variable: "${name}"`);
  }
  const used = usedBy(definition, fragments);
  for (const name of used) if (!declared.has(name)) throw invalid(`unbound variable "${name}"`);
  const unexpected = Object.keys(sent).filter((name) => !used.has(name));
  if (unexpected.length > 0)
    throw invalid(`unexpected variables in variableValues: ${unexpected.join(', ')}`);
  return values;
}
