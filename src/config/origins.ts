/** Schemes whose pages have an origin that browsers send as it is written: scheme, host and port. */
const WEB: readonly string[] = ['http:', 'https:'];

/** Schemes whose pages have no origin: browsers send `null`, or cannot show a page. */
const WITHOUT_ORIGIN: readonly string[] = [
  ...['file:', 'data:', 'blob:', 'about:', 'javascript:', 'ws:', 'wss:', 'ftp:', 'mailto:'],
];

const EVERY_ORIGIN = '*';

type Parsed = { origin: string } | { problem: string };

/**
 * Parses an origin into the form that browsers send (RFC 6454 6.2): lower case, without a default port, in ASCII. It refuses
 * an origin that browsers never send, since that would never match. `capacitor://localhost` is the origin of an app with its
 * own pages.
 */
function parseOrigin(text: string): Parsed {
  if (text === EVERY_ORIGIN) return { origin: text };
  if (text.includes('*'))
    return { problem: 'holds a *: name each origin, or allow all of them with * alone' };
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.host === '')
    return { problem: 'is not a scheme and a host, like https://app.example.com' };
  const { protocol, host, pathname, username, password } = url;
  if (WITHOUT_ORIGIN.includes(protocol))
    return { problem: `has the scheme ${protocol.slice(0, -1)}, whose pages have no origin` };
  const hasMore = !['', '/'].includes(pathname) || username !== '' || password !== '';
  if (hasMore || text.includes('?') || text.includes('#'))
    return { problem: 'holds more than a scheme, a host and a port: browsers send only these' };
  return { origin: WEB.includes(protocol) ? url.origin : `${protocol}//${host}` };
}

/**
 * Parses the origins of a list, without duplicates.
 * @param refuse called with each problem, which does not quote the origin
 */
export function parseOrigins(texts: readonly string[], refuse: (problem: string) => void): string[] {
  const origins = texts.map((text, index) => {
    const parsed = parseOrigin(text);
    if ('origin' in parsed) return [parsed.origin];
    refuse(`origin ${index + 1} ${parsed.problem}`);
    return [];
  });
  return [...new Set(origins.flat())];
}
