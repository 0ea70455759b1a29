import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type Address, compileRanges } from '../config/address-ranges.ts';
import { OutboundError } from './outbound-error.ts';

/** Where clouds serve the secrets of a machine: all but Azure's are in private ranges. */
const METADATA_ADDRESSES = [
  '169.254.169.254',
  '169.254.170.2',
  '168.63.129.16',
  '100.100.100.200',
  '192.0.0.192',
  'fd00:ec2::254',
];

const isMetadata = compileRanges(METADATA_ADDRESSES);

/** The private hosts and ranges that a connection may reach. A range is written as `compileRanges` reads it. */
export type AllowedAddresses = Readonly<{ hosts: readonly string[]; ranges: readonly string[] }>;

/** Finds the addresses of a host. Tests give their own, to play a name server that changes its answer. */
export type Resolve = typeof lookup;

/** The prefix of the addresses that IPv6 networks use on the internet: 2000::/3 (IANA). */
const isGlobalUnicast = (address: ipaddr.IPv6): boolean => ((address.parts[0] ?? 0) & 0xe000) === 0x2000;

/** The IPv4 address that a translator reaches by this IPv6 address (NAT64, RFC 6052 and RFC 8215); null if none. */
const translated = (address: Address): ipaddr.IPv4 | null =>
  address instanceof ipaddr.IPv6 && address.range() === 'rfc6052'
    ? new ipaddr.IPv4(address.toByteArray().slice(-4))
    : null;

function isPublic(address: Address): boolean {
  const behind = translated(address);
  // A translator of a local network (64:ff9b:1::/48) reaches private addresses by rules of its own.
  if (behind !== null) return isWellKnownPrefix(address as ipaddr.IPv6) && isPublic(behind);
  // Tunnels (6to4, Teredo), documentation, multicast and the like have ranges of their own.
  if (address.range() !== 'unicast') return false;
  return !(address instanceof ipaddr.IPv6) || isGlobalUnicast(address);
}

const isWellKnownPrefix = (address: ipaddr.IPv6): boolean =>
  address.match(ipaddr.parseCIDR('64:ff9b::/96') as never);

/**
 * Returns what tells whether a connection may go to an address of a host. Without TLS only an allowed address may be reached: on
 * the internet others could read and change the exchange. A metadata address must be named itself: a range does not open it.
 */
function createGuard({ hosts, ranges }: AllowedAddresses, secure: boolean) {
  const isInRange = compileRanges(ranges);
  const isNamed = compileRanges(ranges.filter((range) => ipaddr.isValid(range)));
  return (host: string, text: string): boolean => {
    if (!ipaddr.isValid(text)) return false;
    const address = ipaddr.process(text);
    const reached = [address, translated(address) ?? address];
    if (reached.some(isMetadata)) return reached.some(isNamed);
    return hosts.includes(host) || reached.some(isInRange) || (secure && isPublic(address));
  };
}

/**
 * Returns the lookup of a connection. It yields only addresses that the connection may reach, so that it goes to an address that
 * was checked: a name server cannot answer the check and the connection differently.
 *
 * @param secure whether the connection has TLS
 */
export function createCheckedLookup(allow: AllowedAddresses, secure: boolean, resolve: Resolve = lookup) {
  const mayReach = createGuard(allow, secure);
  const checkedLookup: LookupFunction = (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      const addresses = (found ?? []).filter(({ address }: LookupAddress) => mayReach(host, address));
      const [first] = addresses;
      if (error !== null) callback(error, '');
      else if (first === undefined) callback(new OutboundError('private_address'), '');
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  return {
    lookup: checkedLookup,
    /** Checks a host that is an address: a connection to it does not look it up. @throws OutboundError `private_address` */
    checkLiteral(hostname: string): void {
      const host = hostname.replace(/^\[|\]$/g, '');
      if (ipaddr.isValid(host) && !mayReach(host, host)) throw new OutboundError('private_address');
    },
  };
}
