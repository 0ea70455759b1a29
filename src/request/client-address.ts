import type { IncomingMessage } from 'node:http';
import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type Address, compileRanges } from '../config/address-ranges.ts';

/** Finds the client's IP address behind trusted proxies; null if it is not known. */
export type ClientAddressReader = (request: IncomingMessage, fromHasura: boolean) => string | null;

type Options = { trustedProxies: readonly string[]; hasuraBehindProxy: boolean };

/** The longest IPv6 address has 45 characters. A zone, brackets, quotes and a port are added to them. */
const MAX_HOP_LENGTH = 100;

/** More than the proxies in front of any client. A header may name thousands. */
const MAX_HOPS = 32;

/**
 * Parses the address of one hop; null if it is not an address. A port, brackets and quotes (RFC 7239) are ignored. A zone
 * (`fe80::1%eth0`) is ignored too, since Postgres does not accept one. An IPv4 address that is mapped into IPv6 becomes
 * IPv4.
 */
function parseHop(hop: string): Address | null {
  if (hop.length > MAX_HOP_LENGTH) return null;
  const unquoted = /^"(.*)"$/.exec(hop)?.[1] ?? hop;
  const withPort = /^(?:\[(?<v6>[^\]]*)\]|(?<v4>[\d.]+))(?::\d{1,5})?$/.exec(unquoted)?.groups;
  if (withPort?.v4 !== undefined) return isIPv4(withPort.v4) ? ipaddr.parse(withPort.v4) : null;
  const v6 = (withPort?.v6 ?? unquoted).replace(/%.*$/, '');
  return isIPv6(v6) ? ipaddr.process(v6) : null;
}

/**
 * Yields the hops of a list from the right, without empty ones (RFC 9110, 5.6.1). It reads only as far as the caller asks.
 */
function* hopsFromTheRight(list: string): Generator<string> {
  for (let end = list.length; end > 0; ) {
    const comma = list.lastIndexOf(',', end - 1);
    const hop = list.slice(comma + 1, end).trim();
    if (hop !== '') yield hop;
    end = comma;
  }
}

/**
 * Creates a reader of the client's address: the right-most hop that is not a trusted proxy. The peer is the last hop, and
 * X-Forwarded-For names the earlier ones. If every hop is trusted, the left-most one is the client.
 *
 * The address is null if this hop is not an address: a trusted proxy wrote it, and the client may have written all that is
 * further left. It is also null behind Hasura, which passes on what the client sent. If Hasura is configured as behind a
 * proxy that appends to the header, Hasura is a trusted hop.
 */
export function createClientAddressReader(options: Options): ClientAddressReader {
  const isTrusted = compileRanges(options.trustedProxies);
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
