/** Texts that slowed down regular expressions like those of the gateway and its libraries. */
export const UNITS: readonly string[] = [
  ...[
    'cannot represent ',
    ', found ',
    ' has invalid value ',
    ' "',
    '"\\',
    '\\',
    ':',
    ' ',
    '\t',
    '.',
    '@',
    'a',
  ],
  ...[
    'a.',
    'a@',
    '=',
    ';',
    ',',
    '=?UTF-8?Q?',
    '?=',
    '<',
    '&',
    '%41',
    '%25',
    '+',
    '/',
    '-',
    '_',
    '#',
    '{',
    '[',
  ],
  ...[
    '$',
    '0',
    'bearer ',
    'application/',
    'Version/1.',
    'Mozilla/',
    'https://',
    'Did you mean ',
    '127.0.0.1,',
  ],
  ...[
    '" does not exist in "',
    '\u0301',
    'é',
    '\u3000',
    '\u200b',
    '𝔘',
    '::',
    'at ',
    '\n',
    '\r\n',
    '\n    at ',
  ],
];

/** The texts that were slowest. */
export const HURTING: readonly string[] = ['cannot represent ', ', found ', ' "', '"\\', '\n'];

/** All texts in a row. */
export const MIXED = UNITS.join('');

/** JSON whose characters beyond ASCII are written as escapes. */
export const spell = (json: string): string =>
  Array.from({ length: json.length }, (_, at) => json.charCodeAt(at))
    .map((unit) => (unit < 0x7f ? String.fromCharCode(unit) : `\\u${unit.toString(16).padStart(4, '0')}`))
    .join('');

/** Repeats a unit as often as it fits into this many bytes of JSON, also if it is quoted twice. */
export function fill(unit: string, bytes: number): string {
  const { length } = spell(JSON.stringify(JSON.stringify(unit)));
  return unit.repeat(Math.max(1, Math.floor(bytes / length)));
}
