import { buildSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { isRealEngine } from '../../support/hasura/engine.ts';
import { readRoleSdl } from '../../support/hasura/role-sdl.ts';
import { anonymousAt, type Spoil, withSpoiled } from './spoiled.ts';

// What Hasura takes for a role's SDL of the gateway, and what makes the permission inconsistent.

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

type Change = readonly [from: string, to: string];
/** In the SDL of one role, of which the text must be. */
const inSdlOf =
  (role: string, ...changes: readonly Change[]): Spoil =>
  ({ remoteSchemas }) => {
    const permissions = remoteSchemas.flatMap(({ permissions }) => permissions);
    for (const { definition } of permissions.filter((permission) => permission.role === role))
      for (const [from, to] of changes) {
        expect(definition.schema).toContain(from);
        definition.schema = definition.schema.replace(from, to);
      }
  };

const SCHEMA = 'schema { query: Query mutation: Mutation }';
const EXISTS = 'emailExists(captchaToken: String, email: String!)';
const preset = (directives: string): Change => [
  EXISTS,
  `emailExists(captchaToken: String, email: String! ${directives})`,
];
const ofRole = (argument: string): Change => [
  'changeMemberRole(input: ChangeMemberRoleInput!)',
  `changeMemberRole(input: ChangeMemberRoleInput! ${argument})`,
];

describe('inconsistent is', () => {
  test.each<[string, string, Change[], string]>([
    [
      'a second schema',
      'anonymous',
      [['type Query {', `${SCHEMA} ${SCHEMA} type Query {`]],
      'multiple schema definitions found',
    ],
    [
      'a schema whose root is missing',
      'anonymous',
      [['type Query {', 'schema { query: Root } type Query {']],
      '"Root" has to be an object type',
    ],
    [
      'an extension',
      'anonymous',
      [['scalar DateTime', 'scalar DateTime extend type User { note: String }']],
      'does not belong',
    ],
    [
      'a directive’s definition',
      'anonymous',
      [['scalar DateTime', 'scalar DateTime directive @x on FIELD']],
      'does not belong',
    ],
    [
      'a field that stands twice',
      'anonymous',
      [['  me: User\n', '  me: User\n  me: User\n']],
      'me is there twice in Query',
    ],
    [
      'an argument that stands twice',
      'anonymous',
      [[EXISTS, 'emailExists(email: String!, email: String!)']],
      'email is there twice in Query',
    ],
    [
      'an input field that stands twice',
      'anonymous',
      [['captchaToken: String\n', 'captchaToken: String captchaToken: String\n']],
      'captchaToken is there twice',
    ],
    [
      'an enum value that stands twice',
      'anonymous',
      [['enum InvitedRole {', 'enum InvitedRole { MEMBER']],
      'MEMBER is there twice in InvitedRole',
    ],
    [
      'a type that stands twice',
      'anonymous',
      [['scalar DateTime', 'scalar DateTime scalar DateTime']],
      'DateTime is there twice',
    ],
    [
      'an enum value of one’s own',
      'anonymous',
      [['enum InvitedRole {', 'enum InvitedRole { GUEST']],
      'no value GUEST',
    ],
    [
      'the lack of an argument that is never null, default or no default',
      'user',
      [['(after: ID, first: Int! = 100): [Invite!]', '(after: ID): [Invite!]']],
      'Team.invites lacks first',
    ],
    [
      'the lack of an input field that is never null, default or no default',
      'user',
      [['role: InvitedRole! = MEMBER', '']],
      'lacks role',
    ],
    [
      'two presets of one argument',
      'anonymous',
      [preset('@preset(value: "a") @preset(value: "b")')],
      'found multiple preset directives',
    ],
    ['a preset without a value', 'anonymous', [preset('@preset')], 'preset argument "value" not found'],
    [
      'a preset with another argument alone',
      'anonymous',
      [preset('@preset(static: true)')],
      'preset argument "value" not found',
    ],
    [
      'a preset that is static in words',
      'anonymous',
      [preset('@preset(value: "a", static: "yes")')],
      'to be a Boolean value',
    ],
    [
      'an object for a scalar',
      'anonymous',
      [preset('@preset(value: { a: 1 })')],
      'of type "String" to be a scalar value',
    ],
    ['a list for a scalar', 'anonymous', [preset('@preset(value: ["a"])')], 'to be a scalar value'],
    ['an enum value for a scalar', 'anonymous', [preset('@preset(value: A)')], 'to be a scalar value'],
    ['a scalar for an object', 'user', [ofRole('@preset(value: 1)')], 'to be an input object value'],
    [
      'a session variable for an object',
      'user',
      [ofRole('@preset(value: "x-hasura-input")')],
      'to be an input object value',
    ],
    [
      'an object with a key that it does not have',
      'user',
      [ofRole('@preset(value: { key: 1 })')],
      '"key" does not exist in the input object',
    ],
    [
      'an object with a text for an enum',
      'user',
      [ofRole('@preset(value: { role: "MEMBER" })')],
      'to be an enum value',
    ],
    [
      'an object with an enum value that there is not',
      'user',
      [ofRole('@preset(value: { role: GUEST })')],
      '"GUEST" not found in the enum',
    ],
    [
      'a preset of a field',
      'anonymous',
      [['  me: User\n', '  me: User @preset(value: 1)\n']],
      'only on INPUT_FIELD_DEFINITION or ARGUMENT_DEFINITION',
    ],
  ])('%s', async (_what, role, changes, reason) => {
    await withSpoiled(gateway, inSdlOf(role, ...changes), async (engine) => {
      const inconsistent = await engine.inconsistent();
      expect(inconsistent).toEqual([
        expect.stringContaining(`in remote schema permission for role "${role}": `),
      ]);
      if (!isRealEngine) expect(inconsistent[0]).toContain(reason);
      expect(await anonymousAt(engine).run('{ __typename }')).toEqual({ __typename: 'query_root' });
    });
  });

  test.each([
    [
      'an interface that the type has not',
      'type Query implements Node { id: ID! } interface Node { id: ID! }',
      'Query implements no Node',
    ],
    [
      'a list with a session variable',
      'type Query { f(ids: [ID] @preset(value: "x-hasura-id")): Int }',
      'only be set for singleton values',
    ],
    [
      'a list with an object',
      'type Query { f(ids: [ID] @preset(value: [{ a: 1 }])): Int }',
      'to be a scalar value',
    ],
  ])('%s', (_what, sdl, reason) => {
    const upstream = buildSchema(
      'type Query { id: ID! f(ids: [ID]): Int } interface Node { id: ID! } type A implements Node { id: ID! }',
    );
    expect(() => readRoleSdl(sdl, upstream)).toThrow(reason);
  });
});

describe('consistent is', () => {
  test.each<[string, Change[]]>([
    ['a schema that names the roots', [['type Query {', `${SCHEMA} type Query {`]]],
    ['a schema that does not name the mutations', [['type Query {', 'schema { query: Query } type Query {']]],
    ['a scalar that is built in', [['scalar DateTime', 'scalar DateTime scalar String']]],
    ['a preset of null', [preset('@preset(value: null)')]],
    ['a preset of a session variable to the letter', [preset('@preset(value: "x-hasura-a", static: true)')]],
  ])('%s', async (_what, changes) => {
    await withSpoiled(gateway, inSdlOf('anonymous', ...changes), async (engine) => {
      expect(await engine.inconsistent()).toEqual([]);
      expect(await anonymousAt(engine).run('{ authConfig { signup } }')).toEqual({
        authConfig: { signup: true },
      });
      const mutations = '{ __schema { mutationType { fields { name } } } }';
      const { __schema: schema } = await anonymousAt(engine).run<{
        __schema: { mutationType: { fields: { name: string }[] } };
      }>(mutations);
      expect(schema.mutationType.fields.map(({ name }) => name)).toContain('login');
    });
  });
});
