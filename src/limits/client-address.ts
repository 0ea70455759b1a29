import type { IncomingMessage } from 'node:http';
import ipaddr from 'ipaddr.js';
import proxyAddr from 'proxy-addr';

/**
 * The subject that per-address limits count: an IPv4 address, or an IPv6 network of 64 bits, since one household or
 * host owns a whole /64 (RFC 6177).
 */
export function addressLimitSubject(address: string): string {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const network = (parsed as ipaddr.IPv6).parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}

/** Finds who is calling, past the proxies that are trusted to tell. */
export type ClientAddressReader = (request: IncomingMessage, fromHasura: boolean) => string | null;

type Options = { trustedProxies: readonly string[]; hasuraBehindProxy: boolean };

/** An IPv6 address with brackets, a zone and a port is shorter. What is longer is not looked at. */
const MAX_HOP_LENGTH = 100;

/** An address as Postgres takes it, so without a zone (`fe80::1%eth0`) or a port, or null for what is none. */
function plain(hop: string): string | null {
  if (hop.length > MAX_HOP_LENGTH) return null;
  const address = /^(?:\[(?<v6>[^\]]+)\]|(?<v4>[\d.]+))(?::\d+)?$/.exec(hop)?.groups;
  const bare = (address?.v6 ?? address?.v4 ?? hop).replace(/%.*$/, '');
  return ipaddr.isValid(bare) ? ipaddr.process(bare).toString() : null;
}

/**
 * The right-most hop of X-Forwarded-For that is no trusted proxy; without trusted proxies the peer itself.
 * Behind Hasura the peer is Hasura and the header is whatever the client sent it, so nobody is known (null), unless
 * Hasura is said to stand behind a proxy that appends to the header.
 */
export function createClientAddressReader(options: Options): ClientAddressReader {
  const isProxy = proxyAddr.compile([...options.trustedProxies]);
  const isTrusted = (hop: string, index: number) => hop.length <= MAX_HOP_LENGTH && isProxy(hop, index);
  return (request, fromHasura) => {
    if (request.socket.remoteAddress === undefined) return null; // the client has left
    if (!fromHasura) return plain(proxyAddr(request, isTrusted));
    if (!options.hasuraBehindProxy) return null;
    const hops = [request.headers['x-forwarded-for'] ?? []].flat().join(',').split(',');
    const untrusted = hops
      .map((hop) => hop.trim())
      .filter((hop) => hop !== '')
      .findLast((hop) => !isTrusted(hop, 0));
    return untrusted === undefined ? null : plain(untrusted);
  };
}
