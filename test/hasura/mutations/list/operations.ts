import type { Mutation } from '../mutation.ts';

const LIMITS = 'src/graphql/limits.ts';
const ACTIONS = 'src/dialects/hasura/actions.ts';
const ACTION_ERRORS = 'src/dialects/hasura/errors.ts';

/** How the gateway answers Hasura (hasura/README.md, "Execution requests", "Joins with the gateway", "Actions"). */
export const operations: readonly Mutation[] = [
  {
    breaks: 'the gateway refuses Hasura introspection when introspection is off for clients',
    file: LIMITS,
    from: 'if (!context.caller.fromHasura) addValidationRule(NoSchemaIntrospectionCustomRule);',
    to: 'if (context) addValidationRule(NoSchemaIntrospectionCustomRule);',
    scenarios: ['direct'],
  },
  {
    breaks: 'a client may introspect when introspection is off',
    file: LIMITS,
    from: 'if (introspection) return {};',
    to: 'if (introspection !== undefined) return {};',
    scenarios: ['direct'],
  },
  {
    breaks: 'the alias limit of clients applies to a page of rows from Hasura',
    file: LIMITS,
    from: 'context.caller.fromHasura ? hasuraRules : clientRules',
    to: 'clientRules',
    scenarios: ['remote-join'],
  },
  {
    breaks: 'the token limit of clients applies to a page of rows from Hasura',
    file: LIMITS,
    from: 'maxTokens * (context.caller.fromHasura ? HASURA_TOKENS : 1)',
    to: 'maxTokens',
    scenarios: ['remote-join'],
  },
  {
    breaks: 'a client may send as many aliases as Hasura',
    file: LIMITS,
    from: 'context.caller.fromHasura ? hasuraRules : clientRules',
    to: 'hasuraRules',
    scenarios: ['direct'],
  },
  {
    breaks: 'a client behind Hasura has no alias limit below a root field',
    file: LIMITS,
    from: "    named('MaxAliasesOfRoot', ofEachRoot(maxAliases)),\n",
    to: '',
    scenarios: ['join-limits'],
  },
  {
    breaks: 'a client behind Hasura has no cost limit for a root field',
    file: LIMITS,
    from: "    named('MaxCostOfRoot', ofEachRoot(maxCost)),\n",
    to: '',
    scenarios: ['join-limits'],
  },
  {
    breaks: 'a client behind Hasura may use the tokens of a whole page in one root field',
    file: LIMITS,
    from: "    named('MaxTokensOfRoot', maxTokensRule(maxTokens, rootFields)),\n",
    to: '',
    scenarios: ['join-limits'],
  },
  {
    breaks: 'the rows of a page share the limits of one row',
    file: LIMITS,
    from: 'for (const root of operation.selectionSet.selections)\n          if (!refused) OperationDefinition.enter?.(alone(operation, root));',
    to: 'OperationDefinition.enter?.(operation);',
    scenarios: ['join-limits'],
  },
  {
    breaks: 'an answer has an empty list of errors, so that Hasura drops its data',
    file: 'src/graphql/server.ts',
    from: "!('errors' in result) || result.errors === undefined) return;",
    to: "!('errors' in result) || result.errors === undefined)\n            return setResult({ ...result, errors: [] } as typeof result);",
    scenarios: ['accounts'],
  },
  {
    breaks: 'an error has the code “error” instead of the gateway’s code',
    file: 'src/graphql/errors.ts',
    from: 'located(known.message, { ...publicExtensions(known, requestId) }, error)',
    to: "located(known.message, { code: 'error' }, error)",
    scenarios: ['accounts'],
  },
  {
    breaks: 'an error has no path',
    file: 'src/graphql/errors.ts',
    from: 'path: path ?? null,',
    to: 'path: null,',
    scenarios: ['accounts'],
  },
  {
    breaks: 'an action fails with a 5xx status, whose body Hasura discards',
    file: ACTION_ERRORS,
    from: 'error.status >= 400 && error.status < 500 ? error.status : 400',
    to: 'error.status',
    scenarios: ['console'],
  },
  {
    breaks: 'an action’s error has no extensions',
    file: ACTION_ERRORS,
    from: 'extensions: { ...error.extensions, ...requestIdExtension(error, id) },',
    to: '',
    scenarios: ['console'],
  },
  {
    breaks: 'an action does not check the role',
    file: ACTIONS,
    from: "if (roleOf(body) !== 'admin') throw new AuthError('permission_denied');",
    to: 'roleOf(body);',
    scenarios: ['trust'],
  },
  {
    breaks: 'an action answers without the secret',
    file: ACTIONS,
    from: 'guard: requireGatewaySecret,',
    to: '',
    scenarios: ['direct'],
  },
  {
    breaks: 'a cron trigger answers without the secret',
    file: 'src/dialects/hasura/cron.ts',
    from: 'guard: requireGatewaySecret,',
    to: '',
    scenarios: ['direct'],
  },
  {
    breaks: 'an action leaves out a field that its type declares',
    file: ACTIONS,
    from: 'return { success: true, id, expiresAt: expiresAt.toISOString() };',
    to: 'return { success: true, id };',
    scenarios: ['console'],
  },
];
