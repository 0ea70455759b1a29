import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorCatalogue } from '../../src/errors.ts';
import { schema } from '../../src/graphql/schema/schema.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';

// The descriptions of GraphQL and OpenAPI are the manuals of the APIs: plain English, in whole sentences.

type Description = { path: string; text: string };

/** Words that name no actor, and words of a speaker: an API speaks of the current user. */
const REFUSED =
  /\b(?:whoever|whatever|nobody|somebody|anybody|anew|is no(?! longer)|are none|I am|my|mine)\b/i;

/** A text without its code spans: a field's name may hold any word. */
const proseOf = (text: string): string => text.replace(/`[^`]*`/g, '');

const refusedWord = (text: string): string | null => REFUSED.exec(proseOf(text))?.[0] ?? null;

/** OpenAPI describes an answer by its error codes alone. */
const isSentence = (text: string): boolean => text.endsWith('.') || !/\w/.test(proseOf(text));

function graphqlDescriptions(): Description[] {
  const found: Description[] = [];
  const note = (path: string, { description }: { description?: string | null | undefined }) =>
    found.push({ path, text: description ?? '' });
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__')) continue;
    note(type.name, type);
    for (const field of 'getFields' in type ? Object.values(type.getFields()) : []) {
      note(`${type.name}.${field.name}`, field);
      for (const argument of 'args' in field ? field.args : [])
        note(`${type.name}.${field.name}(${argument.name})`, argument);
    }
    for (const value of 'getValues' in type ? type.getValues() : [])
      note(`${type.name}.${value.name}`, value);
  }
  return found;
}

/** Every text under a key of a JSON document. */
function textsOf(key: 'description' | 'summary', value: unknown, path = ''): Description[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === key && typeof inner === 'string'
      ? [{ path, text: inner }]
      : textsOf(key, inner, `${path}/${name}`),
  );
}

let gateway: TestGateway;
let openapi: unknown;
beforeAll(async () => {
  gateway = await startGateway();
  openapi = await (await fetch(`${gateway.url}/openapi.json`)).json();
});
afterAll(() => gateway.close());

const saysRefused = ({ path, text }: Description): string[] => {
  const word = refusedWord(text);
  return word === null ? [] : [`${path}: ${word}`];
};

test('descriptions of GraphQL name the actor', () => {
  expect(graphqlDescriptions().length).toBeGreaterThan(200);
  expect(graphqlDescriptions().flatMap(saysRefused)).toEqual([]);
});

test('descriptions and summaries of OpenAPI name the actor', () => {
  const texts = [...textsOf('description', openapi), ...textsOf('summary', openapi)];
  expect(texts.length).toBeGreaterThan(80);
  expect(texts.flatMap(saysRefused)).toEqual([]);
});

test('every description ends with a full stop', () => {
  const texts = [...graphqlDescriptions(), ...textsOf('description', openapi)];
  expect(texts.filter(({ text }) => !isSentence(text))).toEqual([]);
});

test('a field of GraphQL lists its error codes in one form, at the end, as the catalogue spells them', () => {
  const lists = graphqlDescriptions().flatMap(({ path, text }) => {
    const [, list] = /\bcodes?: (.*)$/i.exec(text) ?? [];
    return list === undefined ? [] : [{ path, text, list }];
  });
  expect(lists.length).toBeGreaterThan(30);
  for (const { path, text, list } of lists) {
    expect(text, path).toMatch(/(?:^|\n\n)Error codes: `\w+`(?: \([^)]+\))?(?:, `\w+`(?: \([^)]+\))?)*\.$/);
    const codes = [...list.replace(/\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map(([, code = '']) => code);
    expect(
      codes.filter((code) => !(code in errorCatalogue)),
      path,
    ).toEqual([]);
    expect(new Set(codes).size, path).toBe(codes.length);
  }
});

test.each([
  ['Ends the session of whoever asks.', 'whoever'],
  ['Ends my session.', 'my'],
  ['A team whose OWNER I am.', 'I am'],
  ['The text is no address.', 'is no'],
])('“%s” is refused for “%s”', (text, word) => {
  expect(refusedWord(text)).toBe(word);
});

test('a name in a code span is not refused', () => {
  expect(refusedWord('`myInvites` lists the invites, and `my` is a name.')).toBeNull();
  expect(refusedWord('The token is no longer valid.')).toBeNull();
});

test('a description that is not a sentence is found', () => {
  expect(isSentence('Ends a session')).toBe(false);
  expect(isSentence('Ends a session, by `id`')).toBe(false);
  expect(isSentence('`required`, `invalid`')).toBe(true);
});
