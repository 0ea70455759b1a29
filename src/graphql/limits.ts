import { costLimitRule } from '@escape.tech/graphql-armor-cost-limit';
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import {
  type ASTNode,
  type DocumentNode,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  type SelectionNode,
  TokenKind,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Config } from '../config/config.ts';
import type { Context } from './context.ts';
import { detachText } from './locations.ts';
import { refuseLongTokens } from './long-tokens.ts';

const MAX_DIRECTIVES = 20;
/** A document of Hasura may have this many times the tokens of a client's document, over all its root fields. */
const HASURA_TOKENS = 10;
const UNCOUNTED: ReadonlySet<TokenKind> = new Set([TokenKind.SOF, TokenKind.EOF, TokenKind.COMMENT]);

type ArmorOptions = {
  propagateOnRejection: boolean;
  onReject: ((context: ValidationContext | null, error: GraphQLError) => void)[];
};

type ArmorRule = (context: ValidationContext) => {
  readonly OperationDefinition: { enter?: (operation: OperationDefinitionNode) => void };
};

/** Reports a refusal with the other validation errors, under the gateway's code. */
const reported: ArmorOptions = {
  propagateOnRejection: false,
  onReject: [
    (context, error) =>
      context?.reportError(
        new GraphQLError(error.message.replace('Syntax Error: ', ''), {
          extensions: { code: 'query_too_complex', attribute: null },
        }),
      ),
  ],
};

/** Names a rule. The document cache keeps results by the names of rules, so every rule needs its own. */
function named(name: string, rule: (context: never) => object): ValidationRule {
  const validationRule = (context: ValidationContext) => rule(context as never);
  return Object.defineProperty(validationRule, 'name', { value: name });
}

const tooManyTokens = (maxTokens: number) =>
  new GraphQLError(`Token limit of ${maxTokens} exceeded.`, {
    extensions: { code: 'query_too_complex', attribute: null },
  });

function tokensIn(node: ASTNode): number {
  let count = 0;
  for (let token = node.loc?.startToken ?? null; token !== null; token = token.next) {
    if (!UNCOUNTED.has(token.kind)) count += 1;
    if (token === node.loc?.endToken) break;
  }
  return count;
}

/** Refuses a document if one of its parts has too many tokens. */
function maxTokensRule(maxTokens: number, partsOf: (document: DocumentNode) => readonly ASTNode[]) {
  return (context: ValidationContext) => ({
    Document(document: DocumentNode) {
      const refused = partsOf(document).some((part) => tokensIn(part) > maxTokens);
      if (refused) context.reportError(tooManyTokens(maxTokens));
    },
  });
}

const isIntrospection = (root: SelectionNode) => root.kind === Kind.FIELD && root.name.value === '__schema';

/** The parts of Hasura's document. Introspection has hundreds of tokens and is left out: Hasura never forwards a client's. */
const rootFields = ({ definitions }: DocumentNode): ASTNode[] =>
  definitions.flatMap((definition): readonly ASTNode[] =>
    definition.kind === Kind.OPERATION_DEFINITION
      ? definition.selectionSet.selections.filter((root) => !isIntrospection(root))
      : [definition],
  );

function withoutAlias(root: SelectionNode): SelectionNode {
  if (root.kind !== Kind.FIELD) return root;
  const { alias: _, ...unnamed } = root;
  return unnamed;
}

/** The operation with one of its root fields only. The alias of that field does not count. */
const alone = (operation: OperationDefinitionNode, root: SelectionNode): OperationDefinitionNode => ({
  ...operation,
  selectionSet: { ...operation.selectionSet, selections: [withoutAlias(root)] },
});

/** Applies a rule to each root field alone. It reports the first refusal only. */
function ofEachRoot(rule: (options: ArmorOptions) => ArmorRule) {
  return (context: ValidationContext) => {
    let refused = false;
    const note = () => {
      refused = true;
    };
    const { OperationDefinition } = rule({ ...reported, onReject: [...reported.onReject, note] })(context);
    return {
      OperationDefinition(operation: OperationDefinitionNode) {
        for (const root of operation.selectionSet.selections)
          if (!refused) OperationDefinition.enter?.(alone(operation, root));
      },
    };
  };
}

const PARSING_ABORTED = [' tokens. Parsing aborted.', ' comments. Parsing aborted.'];

/** Parses a document within the limit of tokens, which graphql-js reports as a syntax error. Comments have the same limit. */
function parseWithin(maxTokens: number, ...[source, options]: Parameters<typeof parse>): DocumentNode {
  try {
    const document = parse(source, { ...options, maxTokens, maxComments: maxTokens });
    refuseLongTokens(document);
    detachText(document);
    return document;
  } catch (error) {
    const { message } = error as Error;
    throw PARSING_ABORTED.some((end) => message.endsWith(end)) ? tooManyTokens(maxTokens) : error;
  }
}

/**
 * Limits a document: its tokens while it is parsed, then depth, cost, directives and aliases. A remote join of Hasura sends one
 * alias per row, each with the same selection. So Hasura may send more root fields than a client. Below a root field a client
 * may have written the selection, so a client's limits apply there.
 */
export function useOperationLimits(limits: Config['graphql']): Plugin<Context> {
  const { maxTokens } = limits;
  const maxAliases = (options: ArmorOptions) => maxAliasesRule({ n: limits.maxAliases, ...options });
  const maxCost = (options: ArmorOptions) => costLimitRule({ maxCost: limits.maxCost, ...options });
  const rules = [
    named('MaxDepth', maxDepthRule({ n: limits.maxDepth, ignoreIntrospection: true, ...reported })),
    named('MaxDirectives', maxDirectivesRule({ n: MAX_DIRECTIVES, ...reported })),
  ];
  const clientRules = [
    named('MaxAliases', maxAliases(reported)),
    named('MaxCost', maxCost(reported)),
    // Hasura may have sent the same document before, and the cache has kept it.
    named(
      'MaxTokens',
      maxTokensRule(maxTokens, (document) => [document]),
    ),
  ];
  const hasuraRules = [
    named('MaxAliasesOfRoot', ofEachRoot(maxAliases)),
    named('MaxCostOfRoot', ofEachRoot(maxCost)),
    named('MaxTokensOfRoot', maxTokensRule(maxTokens, rootFields)),
  ];
  return {
    onParse({ context, setParseFn }) {
      const most = maxTokens * (context.caller.fromHasura ? HASURA_TOKENS : 1);
      setParseFn((source, options) => parseWithin(most, source, options));
    },
    onValidate({ addValidationRule, context }) {
      for (const rule of rules) addValidationRule(rule);
      for (const rule of context.caller.fromHasura ? hasuraRules : clientRules) addValidationRule(rule);
    },
  };
}

/** Refuses introspection if it is switched off, except to Hasura, which cannot work without it. */
export function useIntrospectionGuard({ introspection }: Config['graphql']): Plugin<Context> {
  if (introspection) return {};
  return {
    onValidate({ addValidationRule, context }) {
      if (!context.caller.fromHasura) addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
}
