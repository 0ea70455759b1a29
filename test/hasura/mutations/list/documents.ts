import type { Mutation } from '../mutation.ts';

const file = (name: string) => `test/support/hasura/${name}.ts`;

/** How the stand-in reads a client's document (hasura/README.md, "Answers of the engine"). */
export const documents: readonly Mutation[] = [
  {
    breaks: 'what is selected twice is asked for with what is under the first alone',
    file: file('selections'),
    from: 'const selections = [first, second].flatMap(',
    to: 'const selections = [first].flatMap(',
    scenarios: ['same-field'],
  },
  {
    breaks: 'what is selected twice is done twice',
    file: file('selections'),
    from: 'fields.set(keyOf(node), same === undefined ? node : joined(same, node, level.path));',
    to: "fields.set(same === undefined ? keyOf(node) : 'again', node);\n      void joined;",
    scenarios: ['same-field'],
  },
  {
    breaks: 'one name stands for two fields',
    file: file('selections'),
    from: 'if (name !== other)',
    to: "if (name === '')",
    scenarios: ['same-field'],
  },
  {
    breaks: 'the second arguments of a field are not looked at',
    file: file('selections'),
    from: 'if (spelled(first.arguments) !== spelled(second.arguments))',
    to: 'if (spelled(first.arguments) === null)',
    scenarios: ['same-field'],
  },
  {
    breaks: 'arguments in another order are other arguments',
    file: file('selections'),
    from: '    .sort()\n',
    to: '',
    scenarios: ['same-field'],
  },
  {
    breaks: 'a directive may stand twice in one place',
    file: file('selections'),
    from: '  requireOnce(directives, path);\n',
    to: '  void requireOnce;\n',
    scenarios: ['requests'],
  },
  {
    breaks: 'nothing holds a directive’s variable against its type',
    file: file('selections'),
    from: 'if (known !== undefined)\n      checkArguments',
    to: 'if (known === null)\n      checkArguments',
    scenarios: ['requests'],
  },
  {
    breaks: 'what is deep in a condition has a name that Postgres cuts off',
    file: file('filters'),
    from: 'const next = behind(alias);',
    to: "const next = [alias, key].join('_');",
    scenarios: ['table-depth'],
  },
  {
    breaks: 'what is deep in a selection has a name that Postgres cuts off',
    file: file('tables'),
    from: 'alias: behind(alias) }',
    to: "alias: [alias, keyOf(field)].join('_') }",
    scenarios: ['table-depth'],
  },
  {
    breaks: 'an order takes the rows behind a relationship for the rows themselves',
    file: file('table-order'),
    from: 'alias: behind(place.alias) }',
    to: 'alias: place.alias }',
    scenarios: ['tables'],
  },
  {
    breaks: 'rows are not told from those behind them',
    file: file('filters'),
    from: 'Number(alias.slice(1)) + 1',
    to: 'Number(alias.slice(1)) * 0 + 1',
    scenarios: ['table-depth'],
  },
  {
    breaks: 'a statement that is wrong is an error of Hasura’s',
    file: file('table-errors'),
    from: '  if (/^42(?!501)|^54023/.test(state)) return error;\n',
    to: '',
    scenarios: ['table-changes'],
  },
];
