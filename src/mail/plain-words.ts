/** Characters of a name that a mail shows: beyond that it is a message of its own. */
const MAX_SHOWN = 60;
/** Characters of a name or a user agent that are read: the longest name has 255, of two units each. */
const MAX_READ = 512;

/**
 * A name that somebody typed, as a mail to somebody else may show it: on one line, without invisible or direction-changing
 * characters, not long, and with nothing that a mail program makes a link of. What could begin or join one (a dot, a
 * colon, an at sign) is followed by a space: `Node.js` reads `Node. js`, and `https://evil.example` opens nothing.
 * Null where nothing is left.
 */
export function plainWords(name: string): string | null {
  const words = name
    .slice(0, MAX_READ)
    .normalize('NFKC')
    .replace(/[\p{Cf}\p{Co}\p{Cs}<>{}]+/gu, '')
    .replace(/[\p{Cc}\p{Z}\s]+/gu, ' ')
    .replace(/([.。:@])(?=\S)/gu, '$1 ')
    .trim();
  if (words === '') return null;
  const characters = [...words];
  return characters.length <= MAX_SHOWN ? words : `${characters.slice(0, MAX_SHOWN).join('').trimEnd()}…`;
}

const BROWSERS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['Edge', /\bEdgA?\//],
  ['Opera', /\bOPR\//],
  ['Samsung Internet', /\bSamsungBrowser\//],
  ['Firefox', /\b(?:Firefox|FxiOS)\//],
  ['Chrome', /\b(?:Chrome|CriOS)\//],
  ['Safari', /\bVersion\/[\d.]+.*\bSafari\//],
  ['curl', /^curl\//],
];
const SYSTEMS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['iPhone', /\biPhone\b/],
  ['iPad', /\biPad\b/],
  ['Android', /\bAndroid\b/],
  ['Windows', /\bWindows\b/],
  ['macOS', /\bMac OS X\b/],
  ['ChromeOS', /\bCrOS\b/],
  ['Linux', /\bLinux\b/],
];

/** A device in words of ours, since its user agent is whatever it says: `Firefox, Linux`. Null where nothing is known. */
export function deviceWords(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  const known = [BROWSERS, SYSTEMS].map(
    (list) => list.find(([, pattern]) => pattern.test(userAgent.slice(0, MAX_READ)))?.[0],
  );
  const words = known.filter((word) => word !== undefined);
  return words.length === 0 ? null : words.join(', ');
}
