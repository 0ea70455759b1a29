import type { Mutation } from '../mutation.ts';

const LIMITS = 'src/graphql/limits.ts';
const ACTIONS = 'src/dialects/hasura/actions.ts';
const ACTION_ERRORS = 'src/dialects/hasura/errors.ts';

/** How the gateway answers Hasura (hasura/README.md, "Execution requests", "Joins with the gateway", "Actions"). */
export const operations: readonly Mutation[] = [
  {
    breaks: 'Hasura is refused introspection where it is off for clients',
    file: LIMITS,
    from: 'if (!context.caller.fromHasura) addValidationRule(NoSchemaIntrospectionCustomRule);',
    to: 'if (context) addValidationRule(NoSchemaIntrospectionCustomRule);',
    scenarios: ['direct'],
  },
  {
    breaks: 'everybody may introspect where it is off',
    file: LIMITS,
    from: 'if (introspection) return {};',
    to: 'if (introspection !== undefined) return {};',
    scenarios: ['direct'],
  },
  {
    breaks: 'a page of rows has more aliases than Hasura may send',
    file: LIMITS,
    from: 'context.caller.fromHasura ? hasuraRules : clientRules',
    to: 'clientRules',
    scenarios: ['remote-join'],
  },
  {
    breaks: 'a page of rows has more tokens than Hasura may send',
    file: LIMITS,
    from: 'maxTokens * (context.caller.fromHasura ? HASURA_TOKENS : 1)',
    to: 'maxTokens',
    scenarios: ['remote-join'],
  },
  {
    breaks: 'aliases are free for everybody',
    file: LIMITS,
    from: 'context.caller.fromHasura ? hasuraRules : clientRules',
    to: 'hasuraRules',
    scenarios: ['direct'],
  },
  {
    breaks: 'aliases below a root field are free for whoever comes through Hasura',
    file: LIMITS,
    from: "    named('MaxAliasesOfRoot', ofEachRoot(maxAliases)),\n",
    to: '',
    scenarios: ['join-limits'],
  },
  {
    breaks: 'a root field may cost what it likes for whoever comes through Hasura',
    file: LIMITS,
    from: "    named('MaxCostOfRoot', ofEachRoot(maxCost)),\n",
    to: '',
    scenarios: ['join-limits'],
  },
  {
    breaks: 'a root field may have all the tokens of a page for whoever comes through Hasura',
    file: LIMITS,
    from: "    named('MaxTokensOfRoot', maxTokensRule(maxTokens, rootFields)),\n",
    to: '',
    scenarios: ['join-limits'],
  },
  {
    breaks: 'the rows of a page share what one row may have',
    file: LIMITS,
    from: 'for (const root of operation.selectionSet.selections)\n          if (!refused) OperationDefinition.enter?.(alone(operation, root));',
    to: 'OperationDefinition.enter?.(operation);',
    scenarios: ['join-limits'],
  },
  {
    breaks: 'an answer has an empty list of errors, for which Hasura drops its data',
    file: 'src/graphql/server.ts',
    from: "!('errors' in result) || result.errors === undefined) return;",
    to: "!('errors' in result) || result.errors === undefined)\n            return setResult({ ...result, errors: [] } as typeof result);",
    scenarios: ['accounts'],
  },
  {
    breaks: 'an error has another code than the gateway’s',
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
    breaks: 'an action fails with a 5xx, whose words Hasura discards',
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
    breaks: 'an action leaves the role to Hasura',
    file: ACTIONS,
    from: "if (roleOf(body) !== 'admin') throw new AuthError('permission_denied');",
    to: 'roleOf(body);',
    scenarios: ['trust'],
  },
  {
    breaks: 'an action needs no secret',
    file: ACTIONS,
    from: 'guard: requireGatewaySecret,',
    to: '',
    scenarios: ['direct'],
  },
  {
    breaks: 'a cron trigger needs no secret',
    file: 'src/dialects/hasura/cron.ts',
    from: 'guard: requireGatewaySecret,',
    to: '',
    scenarios: ['direct'],
  },
  {
    breaks: 'an action answers less than its type declares',
    file: ACTIONS,
    from: 'return { success: true, id, expiresAt: expiresAt.toISOString() };',
    to: 'return { success: true, id };',
    scenarios: ['console'],
  },
];
