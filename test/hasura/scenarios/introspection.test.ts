import { getIntrospectionQuery } from 'graphql';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isRealEngine } from '../../support/hasura/engine.ts';
import { type RecordedHasura, startRecordedHasura } from '../../support/hasura/recorded.ts';

// What Hasura takes for a schema when it asks the gateway for its own, and what makes the gateway inconsistent.

type Type = Record<string, unknown> & { name: string; fields?: Record<string, unknown>[] };
type Schema = Record<string, unknown> & { types: Type[] };

let hasura: RecordedHasura;
let answer: string;
beforeAll(async () => {
  hasura = await startRecordedHasura();
  const { gateway } = hasura;
  const headers = { 'x-hasura-gateway-secret': gateway.secret, 'x-hasura-role': 'admin' };
  const { body } = await gateway.post('/graphql', { query: getIntrospectionQuery() }, headers);
  answer = JSON.stringify(body);
});
afterAll(() => hasura.close());
afterEach(() => hasura.reset());

/** The gateway's own answer, and what is changed of it. */
function changed(change: (schema: Schema) => unknown): string {
  const body = JSON.parse(answer) as { data: { __schema: Schema } };
  change(body.data.__schema);
  return JSON.stringify(body);
}
/** What Hasura finds inconsistent after such an answer. */
async function readAfter(text: string, status = 200): Promise<readonly string[]> {
  hasura.recorder.script({ status, text, introspection: true });
  await hasura.engine.reloadMetadata();
  return hasura.engine.inconsistent();
}

const STRING = { kind: 'SCALAR', name: 'String' };
const ID_FIELD = { name: 'id', args: [], type: { kind: 'SCALAR', name: 'ID' } };
/** As the first of the types, where its path is known. */
const withType = (type: Type) => changed(({ types }) => types.unshift(type));
const object = (fields: object[], more: object = {}): Type =>
  ({ kind: 'OBJECT', name: 'Extra', fields, interfaces: [], ...more }) as Type;
const node = (fields: object[]): Type =>
  ({ kind: 'INTERFACE', name: 'Node', fields, possibleTypes: [{ kind: 'OBJECT', name: 'Extra' }] }) as Type;
const AS_NODE = { interfaces: [{ kind: 'INTERFACE', name: 'Node' }] };
const withBoth = (extra: Type, of: Type) => changed(({ types }) => types.unshift(extra, of));
const withDefault = (defaultValue: string) => {
  const argument = { name: 'a', type: STRING, defaultValue };
  return withType(object([{ name: 'f', args: [argument], type: STRING }]));
};
const without = (key: string) => changed((schema) => delete schema[key]);

describe('the gateway is inconsistent where its answer has', () => {
  test.each<[string, () => string, string]>([
    ['no data', () => '{"errors": []}', 'Error in $: key "data" not found'],
    ['no schema', () => '{"data": {}}', 'Error in $: key "__schema" not found'],
    ['no types', () => without('types'), 'Error in $: key "types" not found'],
    ['no queryType', () => without('queryType'), 'Error in $: key "queryType" not found'],
    [
      'a mutationType without a name',
      () => changed((schema) => Object.assign(schema, { mutationType: {} })),
      'key "name" not found',
    ],
    ['a type without a kind', () => withType({ name: 'Extra' }), 'Error in $.types[0]: key "kind" not found'],
    ['a type of no kind', () => withType({ kind: 'THING', name: 'Extra' }), 'unknown kind: THING'],
    [
      'a field without args',
      () => withType(object([{ name: 'f', type: STRING }])),
      'Error in $.types[0].fields[0]: key "args" not found',
    ],
    [
      'a field without a type',
      () => withType(object([{ name: 'f', args: [] }])),
      'Error in $.types[0].fields[0]: key "type" not found',
    ],
    [
      'a type that is cut off',
      () => withType(object([{ name: 'f', args: [], type: { kind: 'NON_NULL', name: null } }])),
      'NON_NULL should have `ofType`',
    ],
    [
      'an enum without values',
      () => withType({ kind: 'ENUM', name: 'Extra' }),
      'Error in $.types[0]: key "enumValues" not found',
    ],
    [
      'a union without types',
      () => withType({ kind: 'UNION', name: 'Extra' }),
      'Error in $.types[0]: key "possibleTypes" not found',
    ],
    [
      'a default that is no value',
      () => withDefault('{ a: '),
      'Error in $.types[0].fields[0].args[0].defaultValue',
    ],
    ['a default that is a variable', () => withDefault('$a'), 'fields[0].args[0].defaultValue'],
    ['an interface without fields', () => withBoth(object([ID_FIELD], AS_NODE), node([])), 'Node'],
    [
      'an object without its interface’s field',
      () => withBoth(object([{ ...ID_FIELD, name: 'key' }], AS_NODE), node([ID_FIELD])),
      'Node.id',
    ],
    [
      'an object whose field is of another type than its interface’s',
      () => withBoth(object([{ ...ID_FIELD, type: STRING }], AS_NODE), node([ID_FIELD])),
      'Node.id',
    ],
  ])('%s', async (_what, text, reason) => {
    const inconsistent = await readAfter(text());
    expect(inconsistent).toEqual([
      expect.stringMatching(/^remote_schema portcullis: Inconsistent object: /),
      expect.stringMatching(/^remote_relationship gateway_team /),
    ]);
    // A real engine has words of its own for some.
    if (!isRealEngine) expect(inconsistent[0]).toContain(reason);
  });
});

describe('the gateway is consistent where its answer', () => {
  test.each<[string, () => string, number]>([
    ['is its own', () => answer, 200],
    ['has a status that is no success', () => answer, 403],
    ['has data and an error', () => answer.replace('{', '{"errors": [{"message": "No."}],'), 200],
    [
      'lacks directives and descriptions',
      () => without('directives').replace(/"description":"[^"]*",/g, ''),
      200,
    ],
    ['has a constant for a default', () => withDefault('"a"'), 200],
    [
      'has an object with its interface’s fields',
      () => withBoth(object([ID_FIELD], AS_NODE), node([ID_FIELD])),
      200,
    ],
  ])('%s', async (_what, text, status) => {
    expect(await readAfter(text(), status)).toEqual([]);
  });
});
