import ipaddr from 'ipaddr.js';

/**
 * Returns the subject that limits per address count: an IPv4 address, or an IPv6 network of 64 bits. One household or host
 * has a whole /64 (RFC 6177).
 */
export function addressLimitSubject(address: string): string {
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  // An IPv4 client behind a translator (NAT64): the last 32 bits are its address (RFC 6052, 2.2).
  if (parsed.range() === 'rfc6052') return ipaddr.fromByteArray(parsed.toByteArray().slice(-4)).toString();
  const network = (parsed as ipaddr.IPv6).parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}
