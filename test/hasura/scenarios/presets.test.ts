import { buildSchema, Kind, parse } from 'graphql';
import { describe, expect, test } from 'vitest';
import { startGateway } from '../../support/gateway.ts';
import { startEngine } from '../../support/hasura/engine.ts';
import { applyPresets, takePresets } from '../../support/hasura/presets.ts';
import { startRecorder } from '../../support/hasura/recorder.ts';
import { frontend } from './frontend.ts';

test('an argument that is preset comes from the session, and the role does not see it', async () => {
  const gateway = await startGateway();
  const recorder = await startRecorder(gateway.url);
  const presetting = await startEngine({
    gateway: { url: recorder.url, secret: gateway.secret },
    databaseUrl: gateway.databaseUrl,
    spoil({ remoteSchemas }) {
      const preset = 'emailExists(captchaToken: String, email: String! @preset(value: "X-Hasura-Email"))';
      for (const { definition } of remoteSchemas.flatMap(({ permissions }) => permissions))
        definition.schema = definition.schema.replace(
          'emailExists(captchaToken: String, email: String!)',
          preset,
        );
    },
  });
  try {
    expect(await presetting.inconsistent()).toEqual([]);
    recorder.seen.length = 0;
    const ask = 'query Known { emailExists }';
    await frontend(presetting.url, { 'x-hasura-email': 'a@example.com' }).run(ask);
    expect(recorder.seen.map(({ body }) => body)).toEqual([
      {
        query: 'query Known($x_hasura_email: String!) {\n  emailExists(email: $x_hasura_email)\n}',
        operationName: 'Known',
        variables: { x_hasura_email: 'a@example.com' },
      },
    ]);
    expect(await frontend(presetting.url, {}).refused(ask)).toMatchObject([
      {
        message: '"x-hasura-email" session variable expected, but not found',
        extensions: { path: '$', code: 'not-found' },
      },
    ]);
    const chosen = '{ emailExists(email: "b@example.com") }';
    expect(await frontend(presetting.url, {}).refused(chosen)).toMatchObject([
      {
        message: "'emailExists' has no argument named 'email'",
        extensions: { path: '$.selectionSet.emailExists', code: 'validation-failed' },
      },
    ]);
  } finally {
    await presetting.close();
    await recorder.close();
    await gateway.close();
  }
});

describe('a session variable that is preset is read by the type that is expected', () => {
  const schema = buildSchema(`
    enum Size { S M }
    scalar Moment
    type Query { f(i: Int, n: Float, b: Boolean, e: Size, m: Moment): Int }`);
  const read = (argument: string, type: string, value: string): unknown => {
    const preset = `type Query { f(${argument}: ${type} @preset(value: "x-hasura-v")): Int }`;
    const { presets } = takePresets(parse(preset));
    const [definition] = parse('{ f }').definitions;
    if (definition?.kind !== Kind.OPERATION_DEFINITION) return expect.fail('No operation.');
    const [field] = definition.selectionSet.selections;
    if (field?.kind !== Kind.FIELD) return expect.fail('No field.');
    const operation = { schema, definition, fragments: new Map(), name: null, variables: {}, coerced: {} };
    const session = { 'x-hasura-role': 'user', 'x-hasura-v': value };
    const made = applyPresets(presets.get('f') ?? [], { operation, field }, session, schema);
    return made.operation.variables.x_hasura_v;
  };

  test.each([
    ['i', 'Int', '-5', -5],
    ['n', 'Float', '1.5', 1.5],
    ['b', 'Boolean', 'true', true],
    ['e', 'Size', 'M', 'M'],
    ['m', 'Moment', '5', '5'],
  ])('%s: %s', (argument, type, value, expected) => {
    expect(read(argument, type, value)).toBe(expected);
  });

  test.each([
    ['i', 'Int', '1.5', '"1.5" cannot be coerced into an Int value'],
    ['n', 'Float', 'x', '"x" cannot be coerced into a Float value'],
    ['b', 'Boolean', 'True', '"True" cannot be coerced into a Boolean value'],
    ['e', 'Size', 'L', '"L" is not one of the valid enum values'],
    ['e', 'Size', '1', '"1" is not a valid GraphQL name'],
  ])('%s: %s, of %s', (argument, type, value, error) => {
    expect(() => read(argument, type, value)).toThrow(
      expect.objectContaining({ reason: { error, path: '$', code: 'coercion-error' } }),
    );
  });
});
