import ipaddr from 'ipaddr.js';

/** An IPv4 or IPv6 address. */
export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** The addresses whose first bits are those of the network. */
type AddressRange = Readonly<{ network: Address; bits: number }>;

const NAMED_RANGES = new Map([
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['linklocal', ['169.254.0.0/16', 'fe80::/10']],
  ['uniquelocal', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
]);

/** Bits by which IPv6 marks an IPv4 address (RFC 4291, 2.5.5.2). */
const MAPPED_PREFIX_BITS = 96;

/**
 * Returns a function that tells whether an address is in one of these ranges.
 *
 * @param texts addresses, CIDR ranges, IPv4 networks with a mask (`10.0.0.0/255.0.0.0`), `loopback`, `linklocal`,
 *   `uniquelocal`
 * @throws Error if an entry has another form
 */
export function compileRanges(texts: readonly string[]): (address: Address) => boolean {
  const ranges = texts.flatMap((text) => NAMED_RANGES.get(text) ?? [text]).map(parseRange);
  return (address) =>
    ranges.some(
      ({ network, bits }) => network.kind() === address.kind() && address.match(network as never, bits),
    );
}

function parseRange(text: string): AddressRange {
  const slash = text.lastIndexOf('/');
  const network = ipaddr.parse(slash === -1 ? text : text.slice(0, slash));
  const longest = network.kind() === 'ipv4' ? 32 : 128;
  const bits = slash === -1 ? longest : parseBits(text.slice(slash + 1), network);
  if (bits === null || bits < 1 || bits > longest) throw new Error('This is not a range of addresses.');
  if (!(network instanceof ipaddr.IPv6) || !network.isIPv4MappedAddress()) return { network, bits };
  if (bits < MAPPED_PREFIX_BITS) throw new Error('This range holds IPv4 and IPv6 addresses.');
  return { network: network.toIPv4Address(), bits: bits - MAPPED_PREFIX_BITS };
}

/** Parses the length of a prefix, which may be a mask in IPv4. */
function parseBits(text: string, network: Address): number | null {
  if (/^\d{1,3}$/.test(text)) return Number(text);
  return network.kind() === 'ipv4' ? ipaddr.IPv4.parse(text).prefixLengthFromSubnetMask() : null;
}
