import type { Mutation } from '../mutation.ts';

const file = (name: string) => `test/support/hasura/${name}.ts`;
const broken = (breaks: string, name: string, from: string, to = ''): Mutation => ({
  ...{ breaks, file: file(name), from, to },
  scenarios: ['inconsistent', 'inconsistent-api'],
});

/** What the stand-in finds inconsistent (hasura/README.md, "Using the metadata" and the rules of each object). */
export const inconsistencies: readonly Mutation[] = [
  broken(
    'an action’s header is looked for when it is called',
    'sound-actions',
    '      configuredHeaders(sound.env, headers);\n',
    '      void [configuredHeaders, headers];\n',
  ),
  broken(
    'an action’s address is looked for when it is called',
    'sound-actions',
    '      handlerUrl(sound.env, handler);\n',
    '      void [handlerUrl, handler];\n',
  ),
  broken(
    'an action that has no fields is left out',
    'state',
    '  requireDeclared(metadata);\n',
    '  void requireDeclared;\n',
  ),
  broken(
    'actions stay without the table that they lead to',
    'sound-actions',
    "    note('custom_types', 'custom_types', metadata.actionsFile.custom_types, error as Error);\n    return [];",
    '    void error;',
  ),
  broken(
    'a permission holds on columns that there are',
    'sound-tables',
    '    requireColumns(around, tracked, columns);\n    for',
    '    void columns;\n    for',
  ),
  broken(
    'a permission’s filter is looked at when it is used',
    'sound-tables',
    'requireCondition(around, tracked, condition ?? {});',
    'void condition;',
  ),
  broken(
    'a filter may name anything behind a relationship',
    'sound-tables',
    'requireCondition(around, findTracked(around.tables, hop.target), value as BoolExp);',
    '',
  ),
  broken(
    'admin has permissions for tables',
    'sound-tables',
    "    if (role === 'admin') throw new Error('cannot define permission for admin role');\n",
    '    void role;\n',
  ),
  broken(
    'a table that is missing is one without columns',
    'sound-tables',
    'if (known.catalogue.columns(table).length === 0)',
    'if (known.catalogue.columns(table).length < 0)',
  ),
  broken(
    'a join with an unknown field is left out without a word',
    'sound-tables',
    '    if (field === undefined) throw',
    '    if (field === undefined) return;\n    if (field === null) throw',
  ),
  broken(
    'a join may give arguments that there are not',
    'sound-tables',
    'if (!field.args.some((known) => known.name === argument))',
    'if (field.args.some((known) => known.name === ""))',
  ),
  broken(
    'a join takes columns that it does not list',
    'sound-tables',
    "if (value.startsWith('$') && !columns.includes(value.slice(1)))",
    "if (value === '')",
  ),
  broken(
    'a permission takes away from admin',
    'remote-parts',
    "      if (role === 'admin') throw new Error('cannot define permission for admin role');\n",
    '',
  ),
  broken(
    'nobody is told of a remote schema that meets an action’s type',
    'state',
    "    note('remote_schema', name, remotes.get(name)?.metadata, error);\n",
    '    void error;\n',
  ),
];
