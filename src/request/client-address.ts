import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type Address, compileProxies } from '../config/proxies.ts';

/** Finds the client's address, past the proxies that are trusted to tell it. Null if it is not known. */
export type ClientAddressReader = (request: IncomingMessage, fromHasura: boolean) => string | null;

type Options = { trustedProxies: readonly string[]; hasuraBehindProxy: boolean };

/** The longest IPv6 address has 45 characters; a zone, brackets, quotes and a port come on top. */
const MAX_HOP_LENGTH = 100;

/** More proxies than any client is behind. A header may spell thousands. */
const MAX_HOPS = 32;

/**
 * The address of one hop, or null if the hop does not spell one. A port, brackets and quotes (as RFC 7239 has them) are
 * left out, and so is a zone (`fe80::1%eth0`), which Postgres does not take. An IPv4 address that is mapped into IPv6 is
 * the IPv4 address.
 */
function parseHop(hop: string): Address | null {
  if (hop.length > MAX_HOP_LENGTH) return null;
  const unquoted = /^"(.*)"$/.exec(hop)?.[1] ?? hop;
  const withPort = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>[\d.]+))(?::\d{1,5})?$/.exec(unquoted)?.groups;
  if (withPort?.v4 !== undefined) return isIPv4(withPort.v4) ? ipaddr.parse(withPort.v4) : null;
  const v6 = (withPort?.v6 ?? unquoted).replace(/%.*$/, '');
  return isIPv6(v6) ? ipaddr.process(v6) : null;
}

/** The hops of a list from the right, without the empty ones (RFC 9110, 5.6.1). Reads no further than is asked for. */
function* hopsFromTheRight(list: string): Generator<string> {
  for (let end = list.length; end > 0; ) {
    const comma = list.lastIndexOf(',', end - 1);
    const hop = list.slice(comma + 1, end).trim();
    if (hop !== '') yield hop;
    end = comma;
  }
}

/**
 * Reads the client's address: the right-most hop that is not a trusted proxy, where the peer is the last hop and
 * X-Forwarded-For has those before it. If every hop is trusted, the left-most one is the client.
 *
 * The address is null if the hop that should tell it does not spell an address: a trusted proxy wrote it, so what stands
 * further left is the client's own word. It is null behind Hasura, which passes on what the client sent, unless
 * Hasura is said to stand behind a proxy that appends to the header. Then Hasura is a trusted hop.
 */
export function createClientAddressReader(options: Options): ClientAddressReader {
  const isTrusted = compileProxies(options.trustedProxies);
  return ({ headers, socket }, fromHasura) => {
    if (fromHasura && !options.hasuraBehindProxy) return null;
    let client = fromHasura ? null : parseHop(socket.remoteAddress ?? '');
    if (!fromHasura && (client === null || !isTrusted(client))) return client?.toString() ?? null;
    let hops = 0;
    for (const hop of hopsFromTheRight([headers['x-forwarded-for'] ?? []].flat().join(','))) {
      hops += 1;
      client = hops > MAX_HOPS ? null : parseHop(hop);
      if (client === null || !isTrusted(client)) break;
    }
    return client?.toString() ?? null;
  };
}
