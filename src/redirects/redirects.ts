import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Config } from '../config/config.ts';
import { matchesGlob } from './glob.ts';

/** Characters of a redirect target at most. */
export const MAX_TARGET_LENGTH = 2000;

/** Schemes that run code or read files. No pattern of the allow list permits them. */
const REFUSED_SCHEMES = new Set(
  ['javascript', 'data', 'vbscript', 'file', 'blob', 'about', 'view-source', 'filesystem'].map(
    (name) => `${name}:`,
  ),
);

/** The authority, as the text spells it. Schemes of apps need none (RFC 8252 7.1). */
const AUTHORITY = /^[^:/?#]+:\/\/(?<authority>[^/?#]*)/;

/** Printable ASCII without a backslash. Browsers drop or turn the other characters, so that another URL would be checked. */
const PLAIN = /^[!-[\]-~]+$/;

type Target = Readonly<{ url: URL /** As browsers read it, without the fragment. */; normal: string }>;

/** Whether a host is an address of this machine only (RFC 8252 7.3). */
const isLoopbackAddress = (host: string): boolean =>
  ipaddr.isValid(host) && ipaddr.parse(host).range() === 'loopback';

/** The host without the brackets of IPv6. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

/**
 * Parses a target that every parser reads in the same way; null if it is not one. The host is spelled as browsers spell it: a number
 * in place of an address, an escaped or a Unicode name is refused. So is a user name before the host.
 */
function parseTarget(text: string): Target | null {
  if (text.length > MAX_TARGET_LENGTH || !PLAIN.test(text) || !URL.canParse(text)) return null;
  const url = new URL(text);
  const { authority = '' } = AUTHORITY.exec(text)?.groups ?? {};
  if (REFUSED_SCHEMES.has(url.protocol) || authority.includes('@')) return null;
  if (isWeb(url) && authority.replace(/:\d*$/, '').toLowerCase() !== url.hostname) return null;
  const href = url.href.slice(0, url.href.length - url.hash.length);
  const [beforeFragment = ''] = text.split('#', 1);
  // A parser adds the slash of an empty path. Patterns need not have it.
  const bare = url.pathname === '/' && url.search === '' && !beforeFragment.endsWith('/');
  return { url, normal: bare ? href.replace(/[/#]*$/, '') : href.replace(/#$/, '') };
}

const isWeb = ({ protocol }: URL): boolean => protocol === 'http:' || protocol === 'https:';

const isLoopback = (url: URL): boolean => url.hostname === 'localhost' || isLoopbackAddress(hostOf(url));

function isOfSite(url: URL, siteUrl: string): boolean {
  const site = new URL(siteUrl);
  const isSameHost = url.protocol === site.protocol && url.hostname === site.hostname;
  return isSameHost && (url.port === site.port || isLoopback(site));
}

/**
 * Tells whether a person may be sent to a target, with their tokens. It may be on the site, on this machine by its address, or match a
 * pattern of the allow list. Other IP addresses are refused even if a pattern matches.
 */
function isAllowed({ redirects: { siteUrl, allowed } }: Pick<Config, 'redirects'>, text: string): boolean {
  const target = parseTarget(text);
  if (target === null) return false;
  const { url, normal } = target;
  if (isWeb(url)) {
    if (isOfSite(url, siteUrl)) return true;
    if (isIP(hostOf(url)) !== 0) return isLoopbackAddress(hostOf(url));
  }
  return allowed.some((pattern) => matchesGlob(pattern, normal));
}

/**
 * Returns the first candidate to which a person may be sent, as it is spelled; the site if all are wrong. A wrong candidate is not an
 * error, as in GoTrue.
 * @param candidates what the request says, in the order of precedence: null or empty if it does not
 */
export const resolveRedirect = (
  config: Pick<Config, 'redirects'>,
  candidates: readonly (string | null | undefined)[],
): string =>
  candidates.find((candidate) => candidate && isAllowed(config, candidate)) ?? config.redirects.siteUrl;
