import { costLimitRule } from '@escape.tech/graphql-armor-cost-limit';
import { maxAliasesRule } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthRule } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesRule } from '@escape.tech/graphql-armor-max-directives';
import {
  type DocumentNode,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  TokenKind,
  type ValidationContext,
  type ValidationRule,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Config } from '../config.ts';
import type { Context } from './context.ts';

const MAX_DIRECTIVES = 20;
/** How many times the tokens of a client's document Hasura's may have. */
const HASURA_TOKENS = 10;

type ArmorOptions = {
  propagateOnRejection: boolean;
  onReject: ((context: ValidationContext | null, error: GraphQLError) => void)[];
};

/** Reported with the other validation errors, and under a code of ours. */
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

/** A verdict is kept per document and list of rule names, so every rule needs a name of its own. */
function named(name: string, rule: (context: never) => object): ValidationRule {
  const validationRule = (context: ValidationContext) => rule(context as never);
  return Object.defineProperty(validationRule, 'name', { value: name });
}

const tooManyTokens = (maxTokens: number) =>
  new GraphQLError(`Token limit of ${maxTokens} exceeded.`, {
    extensions: { code: 'query_too_complex', attribute: null },
  });

/** For a document that was parsed when Hasura sent it, and that was kept. */
function maxTokensRule(maxTokens: number) {
  return (context: ValidationContext) => ({
    Document({ loc }: DocumentNode) {
      let count = -2; // The start and the end of the file are tokens too.
      for (let token = loc?.startToken ?? null; token !== null && count <= maxTokens; token = token.next)
        if (token.kind !== TokenKind.COMMENT) count += 1;
      if (count > maxTokens) context.reportError(tooManyTokens(maxTokens));
    },
  });
}

/** graphql-js reports too many tokens as a syntax error. */
function parseWithin(maxTokens: number, ...[source, options]: Parameters<typeof parse>): DocumentNode {
  try {
    return parse(source, { ...options, maxTokens });
  } catch (error) {
    if (!(error instanceof GraphQLError) || !/ tokens\. Parsing aborted\.$/.test(error.message)) throw error;
    throw tooManyTokens(maxTokens);
  }
}

/**
 * Bounds what one document may ask: tokens while it is parsed, then depth, cost, directives and aliases. Aliases are free
 * for Hasura, whose remote joins send one per row with the same selection in each.
 */
export function useOperationLimits(limits: Config['graphql']): Plugin<Context> {
  const rules = [
    named('MaxDepth', maxDepthRule({ n: limits.maxDepth, ignoreIntrospection: true, ...reported })),
    named('MaxDirectives', maxDirectivesRule({ n: MAX_DIRECTIVES, ...reported })),
  ];
  const clientRules = [
    named('MaxAliases', maxAliasesRule({ n: limits.maxAliases, ...reported })),
    named('MaxCost', costLimitRule({ maxCost: limits.maxCost, ...reported })),
    named('MaxTokens', maxTokensRule(limits.maxTokens)),
  ];
  return {
    onParse({ context, setParseFn }) {
      const maxTokens = limits.maxTokens * (context.caller.fromHasura ? HASURA_TOKENS : 1);
      setParseFn((source, options) => parseWithin(maxTokens, source, options));
    },
    onValidate({ addValidationRule, context }) {
      for (const rule of rules) addValidationRule(rule);
      if (!context.caller.fromHasura) for (const rule of clientRules) addValidationRule(rule);
    },
  };
}

/** Where introspection is switched off it is for everybody but Hasura, which cannot work without it. */
export function useIntrospectionGuard({ introspection }: Config['graphql']): Plugin<Context> {
  if (introspection) return {};
  return {
    onValidate({ addValidationRule, context }) {
      if (!context.caller.fromHasura) addValidationRule(NoSchemaIntrospectionCustomRule);
    },
  };
}
