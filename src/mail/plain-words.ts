/** The maximum length of a name in a mail: a longer name could hold a message of its own. */
const MAX_SHOWN = 60;
/** The maximum length of a name or a user agent that is read: the longest name has 255 characters of two units. */
const MAX_READ = 512;

/**
 * Makes a name that a user typed safe to show in a mail to another person. The result is one short line, without invisible
 * or direction-changing characters. A mail program finds no link in it, because a space follows each dot, colon and at sign:
 * `Node.js` becomes `Node. js`.
 * @returns null if nothing is left
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

/**
 * Names a device by known browsers and systems, as in `Firefox, Linux`. It does not quote the user agent, in which a client
 * may write anything.
 * @returns null if neither is known
 */
export function deviceWords(userAgent: string | null): string | null {
  if (userAgent === null) return null;
  const known = [BROWSERS, SYSTEMS].map(
    (list) => list.find(([, pattern]) => pattern.test(userAgent.slice(0, MAX_READ)))?.[0],
  );
  const words = known.filter((word) => word !== undefined);
  return words.length === 0 ? null : words.join(', ');
}
