import type { Mutation } from '../mutation.ts';

const broken = (breaks: string, from: string, to = ''): Mutation => ({
  ...{ breaks, file: 'test/support/hasura/introspection-reader.ts', from, to },
  scenarios: ['introspection'],
});

/** What the stand-in takes for a schema (hasura/README.md, "What the gateway schema may contain"). */
export const introspections: readonly Mutation[] = [
  broken(
    'an answer may lack arguments',
    "requiredList(field, 'args', path).map(readInput)",
    "optionalList(field, 'args', path).map(readInput)",
  ),
  broken(
    'a union may be of nothing',
    "requiredList(type, 'possibleTypes', path)",
    "optionalList(type, 'possibleTypes', path)",
  ),
  broken(
    'an enum may lack its values',
    "requiredList(type, 'enumValues', path)",
    "optionalList(type, 'enumValues', path)",
  ),
  broken(
    'a default may be anything',
    '  if (defaultValue !== null) requireConstant',
    '  if (defaultValue === 0) requireConstant',
  ),
  broken('the schema need not be valid', '  if (error !== undefined) throw error;\n', '  void error;\n'),
  broken('an answer may lack its query root', "  required(schema, 'queryType', '$');\n"),
];
