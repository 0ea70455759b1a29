import type { Mutation } from '../mutation.ts';

const broken = (breaks: string, name: string, from: string, to = ''): Mutation => ({
  ...{ breaks, file: `test/support/hasura/${name}.ts`, from, to },
  scenarios: ['role-sdl'],
});

/** What the stand-in takes for a role's SDL (hasura/README.md, "Remote schema permissions"). */
export const roleSdls: readonly Mutation[] = [
  broken(
    'a role’s SDL may have two schemas',
    'role-sdl',
    "if (others.length > 0) throw new Error('multiple schema definitions found');",
    'void others;',
  ),
  broken(
    'a role’s SDL may have no schema',
    'role-sdl',
    'node.kind !== Kind.SCHEMA_DEFINITION && !isBuiltIn(node)',
    '!isBuiltIn(node)',
  ),
  broken(
    'a role’s SDL may not declare what is built in',
    'role-sdl',
    'node.kind !== Kind.SCHEMA_DEFINITION && !isBuiltIn(node)',
    'node.kind !== Kind.SCHEMA_DEFINITION',
  ),
  broken(
    'a role’s SDL may have an input field twice',
    'role-sdl',
    '    requireOnce(node.name.value, node as TypeDefinitionNode);\n',
    '    void requireOnce;\n',
  ),
  broken(
    'a role’s SDL may lack what has a default',
    'role-sdl',
    'const isRequired = ({ type }: Input): boolean => isNonNullType(type);',
    'const isRequired = ({ type, defaultValue }: Input): boolean => isNonNullType(type) && defaultValue === undefined;',
  ),
  broken(
    'a role’s types may implement what they like',
    'role-sdl',
    'if (!interfaces.includes(implemented.value))',
    "if (interfaces.includes('') && implemented)",
  ),
  broken(
    'an argument may have two presets',
    'preset-rules',
    'if (others.length > 0)',
    'if (others.length > 2)',
  ),
  broken(
    'a scalar may be preset with anything',
    'preset-rules',
    "    if ([Kind.ENUM, Kind.LIST, Kind.OBJECT].some((kind) => kind === value.kind)) throw expected('a scalar');\n",
  ),
  broken(
    'an object may be preset with anything',
    'preset-rules',
    "if (value.kind !== Kind.OBJECT) throw expected('an input object');",
    'if (value.kind !== Kind.OBJECT) return;',
  ),
  broken(
    'an enum may be preset with any name',
    'preset-rules',
    'if (!node.values?.some((known) => known.name.value === value.value))',
    'if (node.values === null)',
  ),
  broken(
    'a field may be preset',
    'preset-rules',
    "if (name.value === 'preset' && !isInput)",
    "if (name.value === '' && isInput)",
  ),
];
