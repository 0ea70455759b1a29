import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { applyMigrations } from '../../src/migrations/migrate.ts';
import { parseName } from '../../src/users/attributes.ts';
import { VISIBLE } from '../../src/users/name-characters.ts';

// The gateway and the database must have the same rules for names: Hasura and operators write past the gateway.

type Locale = { locale: string; sql: postgres.Sql; drop(): Promise<void> };

/** Creates a migrated database with a locale. */
async function createDatabase(locale: string, settings: string): Promise<Locale> {
  const server = postgres(inject('postgresUrl'), { max: 1, onnotice: () => {} });
  const [version] =
    await server`select current_setting('server_version_num')::int >= 150000 as knows_providers`;
  const provider = settings !== '' && version?.knows_providers === true ? 'locale_provider libc' : '';
  const name = `portcullis_test_${randomBytes(8).toString('hex')}`;
  await server.unsafe(`create database ${name} template template0 encoding 'UTF8' ${provider} ${settings}`);
  const url = new URL(inject('postgresUrl'));
  url.pathname = name;
  await applyMigrations(url.href);
  const sql = postgres(url.href, { max: 1, onnotice: () => {} });
  return {
    ...{ locale, sql },
    async drop() {
      await sql.end();
      await server.unsafe(`drop database ${name} with (force)`);
      await server.end();
    },
  };
}

let locales: Locale[];
beforeAll(async () => {
  locales = await Promise.all([
    createDatabase('C', `lc_collate 'C' lc_ctype 'C'`),
    createDatabase('the server’s own', ''),
  ]);
});
afterAll(() => Promise.all(locales.map(({ drop }) => drop())));

/** The name that the gateway stores; null if it refuses the name. */
function parsed(input: string): string | null {
  try {
    return parseName(input, 'name');
  } catch {
    return null;
  }
}

/** The texts that the database accepts as names. */
async function accepted({ sql }: Locale, names: readonly string[]): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name from unnest(${[...names]}::text[]) with ordinality as given (name, place)
    where portcullis.is_name(name) order by place`;
  return rows.map(({ name }) => name);
}

/** Code points that can be sent to Postgres: all of two planes, and the ends of the other planes. */
function* codePoints(): Generator<number> {
  for (let code = 1; code <= 0x1ffff; code++) if (code < 0xd800 || code > 0xdfff) yield code;
  for (let code = 0xe0000; code <= 0xe1001; code++) yield code;
  for (let plane = 2; plane <= 16; plane++)
    for (const code of [0, 1, 0x7fff, 0xfffd, 0xfffe, 0xffff]) yield plane * 0x1_0000 + code;
}

describe('the gateway and the database', () => {
  test.each([
    ['alone', (character: string) => character],
    ['between letters', (character: string) => `a${character}b`],
    ['before a letter', (character: string) => `${character}b`],
    ['after a letter', (character: string) => `a${character}`],
  ])('accept the same names with each code point %s', async (_where, nameWith) => {
    const names = [...codePoints()].map((code) => nameWith(String.fromCodePoint(code)));
    const taken = names.filter((name) => parsed(name) === name);
    expect(taken.length).toBeGreaterThan(90_000);
    for (const database of locales) expect(await accepted(database, names), database.locale).toEqual(taken);
    // The database accepts the stored form of a name that the gateway trims or normalizes.
    const changed = names.flatMap((name) => {
      const stored = parsed(name);
      return stored === null || stored === name ? [] : [stored];
    });
    for (const database of locales) expect(await accepted(database, changed)).toEqual(changed);
  });

  test.each([
    ['255 characters', 'x'.repeat(255)],
    ['256 characters', 'x'.repeat(256)],
    ['255 characters of two code units', '😀'.repeat(255)],
    ['256 characters of two code units', '😀'.repeat(256)],
    ['255 characters, each with a mark that composes', 'é'.repeat(255)],
    ['no characters', ''],
    ['a composed letter', 'Zoë'],
    ['a decomposed letter', 'Zoe\u0308'],
    ['marks in another order than NFC’s', 'q\u0307\u0323'],
    ['spaces inside', 'Ada  Lovelace'],
    ['several invisible letters', '\u3164\u115F\u1160\uFFA0\u2800'],
    ['an invisible letter and spaces', '\u3164 \u3164'],
    ['an invisible letter beside visible ones', 'Ada\u3164'],
    ['a flag that is spelled with tags', '🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}'],
    ['letters joined with a zero-width joiner', 'क्\u200Dष'],
    ['a text from right to left', 'שלום'],
    ['a line break at the end', 'Ada\n'],
  ])('agree on a name with %s', async (_what, name) => {
    const taken = parsed(name) === name ? [name] : [];
    for (const database of locales) expect(await accepted(database, [name]), database.locale).toEqual(taken);
  });
});

const INVISIBLE = [
  ...[
    '\u3164',
    '\u115F',
    '\u1160',
    '\uFFA0',
    '\u2800',
    '\uFFFC',
    '\u034F',
    '\u00AD',
    '\u061C',
    '\u17B4',
    '\u17B5',
  ],
  ...[
    '\u180B',
    '\u180C',
    '\u180D',
    '\u180E',
    '\u180F',
    '\u200B',
    '\u200D',
    '\u2060',
    '\u2065',
    '\u206A',
    '\uFE00',
  ],
  ...[
    '\uFE0F',
    '\uFEFF',
    '\uFFF0',
    '\uFFF9',
    '\u0301',
    '\u20E3',
    '\u{1D159}',
    '\u{1D173}',
    '\u{13441}',
    '\u{1BCA0}',
  ],
  ...[
    '\u{E0001}',
    '\u{E0041}',
    '\u{E0100}',
    '\uE000',
    '\uF8FF',
    '\u{F0000}',
    '\uFDD0',
    '\uFFFF',
    '\u{10FFFF}',
  ],
];

test.each(INVISIBLE.map((name) => [`U+${name.codePointAt(0)?.toString(16).toUpperCase()}`, name]))(
  'the gateway refuses a name of %s alone',
  (_code, name) => {
    expect(() => parseName(name, 'name')).toThrow(expect.objectContaining({ attribute: 'name' }));
  },
);

test.each(['A', '1', '?', '😀', '字', 'ㅋ', '\uFFFD', '€', '\u0E01', '\u{1F468}\u200D\u{1F469}'])(
  'the gateway accepts a name of %s alone',
  (name) => {
    expect(parseName(name, 'name')).toBe(name);
  },
);

test('the list of invisible characters matches Unicode 17 and earlier versions', () => {
  const wrong: string[] = [];
  const [BLANK, SEEN] = [/[\u2800\uFFFC\u{1D159}\u{13441}\u{13442}]/u, /[\p{L}\p{N}\p{P}\p{S}]/u];
  const UNSEEN = /[\p{M}\p{Z}\p{Cc}\p{Cf}\p{Co}\p{Noncharacter_Code_Point}]/u;
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    const character = String.fromCodePoint(code);
    const isInvisible = /\p{Default_Ignorable_Code_Point}/u.test(character) || BLANK.test(character);
    // A later Unicode may add marks and format characters that the list lacks.
    const isKnown = Number(process.versions.unicode) <= 17;
    const expected =
      isInvisible || (isKnown && UNSEEN.test(character)) ? false : SEEN.test(character) ? true : null;
    if (expected !== null && VISIBLE.test(character) !== expected) wrong.push(code.toString(16));
  }
  expect(wrong).toEqual([]);
});
