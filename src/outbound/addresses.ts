import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { type Address, compileRanges } from '../config/address-ranges.ts';
import type { WebhookConfig } from '../config/config.ts';

/** A public address that clouds use for their metadata and machine agents (Azure). The others are in private ranges. */
const METADATA_ADDRESSES = ['168.63.129.16'];

const isMetadata = compileRanges(METADATA_ADDRESSES);

/** The prefix of the addresses that IPv6 networks use on the internet: 2000::/3 (IANA). */
const isGlobalUnicast = (address: ipaddr.IPv6): boolean => ((address.parts[0] ?? 0) & 0xe000) === 0x2000;

/** The IPv4 address that a translator reaches by this IPv6 address (NAT64, RFC 6052 and RFC 8215); null if none. */
const translated = (address: Address): ipaddr.IPv4 | null =>
  address instanceof ipaddr.IPv6 && address.range() === 'rfc6052'
    ? new ipaddr.IPv4(address.toByteArray().slice(-4))
    : null;

function isPublic(address: Address): boolean {
  if (isMetadata(address)) return false;
  const behind = translated(address);
  // A translator of a local network (64:ff9b:1::/48) reaches private addresses by rules of its own.
  if (behind !== null) return isWellKnownPrefix(address as ipaddr.IPv6) && isPublic(behind);
  // Tunnels (6to4, Teredo), documentation, multicast and the like have ranges of their own.
  if (address.range() !== 'unicast') return false;
  return !(address instanceof ipaddr.IPv6) || isGlobalUnicast(address);
}

const isWellKnownPrefix = (address: ipaddr.IPv6): boolean =>
  address.match(ipaddr.parseCIDR('64:ff9b::/96') as never);

/** The gateway does not connect to this address. */
class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
  readonly code = 'private_address';
}

/** Finds the addresses of a host. Tests give their own, to play a name server that changes its answer. */
export type Resolve = typeof lookup;

/**
 * Returns the lookup for the connections of webhooks. It yields only addresses to which webhooks may go, so that the connection
 * goes to an address that was checked: a name server cannot answer the check and the connection differently.
 */
export function createCheckedLookup(allow: WebhookConfig['allowPrivate'], resolve: Resolve = lookup) {
  const isInRange = compileRanges(allow.ranges);
  const mayReach = (host: string, text: string): boolean => {
    const address = ipaddr.process(text);
    const behind = translated(address);
    return (
      allow.hosts.includes(host) ||
      isInRange(address) ||
      (behind !== null && isInRange(behind)) ||
      isPublic(address)
    );
  };
  const checkedLookup: LookupFunction = (host, options, callback) => {
    resolve(host, { ...options, all: true }, (error, found) => {
      const addresses = (found ?? []).filter(({ address }: LookupAddress) => mayReach(host, address));
      const [first] = addresses;
      if (error !== null) callback(error, '');
      else if (first === undefined) callback(new PrivateAddressError('The host has no public address.'), '');
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  return {
    lookup: checkedLookup,
    /** Checks a host that is an address: a connection to it does not look it up. @throws PrivateAddressError */
    checkLiteral(hostname: string): void {
      const host = hostname.replace(/^\[|\]$/g, '');
      if (ipaddr.isValid(host) && !mayReach(host, host))
        throw new PrivateAddressError('The address is not public.');
    },
  };
}
