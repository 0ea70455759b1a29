import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { compileRanges } from '../address-ranges.ts';
import { httpUrl, list } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** What `on` allows: the networks that people use at home, in an office and in a cluster. */
const USUAL_NETWORKS = ['loopback', 'uniquelocal'];

function isRange(text: string): boolean {
  try {
    compileRanges([text]);
    return true;
  } catch {
    return false;
  }
}

function entriesOf(entries: readonly string[]): readonly string[] {
  const [only = 'off'] = entries;
  if (entries.length > 1) return entries;
  if (['on', 'true', '1'].includes(only)) return USUAL_NETWORKS;
  return ['off', 'false', '0'].includes(only) ? [] : entries;
}

/** A list of private hosts: host names, addresses, ranges; `on` or `off`. */
export const privateAddresses = () =>
  list()
    .pipe(z.array(z.string().toLowerCase()))
    .transform(entriesOf)
    .refine(
      (entries) => entries.every((entry) => isRange(entry) || HOST_NAME.test(entry)),
      'must be on, off, or host names, addresses, CIDR ranges, loopback, linklocal or uniquelocal',
    );

/** A URL may hold a key in its path. Its other parts show up in the logs of proxies and receivers. */
export const endpointUrl = () =>
  httpUrl()
    .max(2000, 'must have at most 2000 characters')
    .transform((value) => new URL(value))
    .refine((url) => url.username === '' && url.password === '', 'must not hold a user or a password')
    .refine((url) => url.search === '' && url.hash === '', 'must not hold a query or a fragment')
    .transform(({ href }) => href);

/** Splits private hosts that the gateway may reach into names and ranges of addresses. */
export const allowedHosts = (entries: readonly string[]): { hosts: string[]; ranges: string[] } => ({
  ranges: entries.filter(isRange),
  hosts: entries.filter((entry) => !isRange(entry)),
});

/** Tells whether the host of a URL is allowed, or a range with the host's address. */
function isHostAllowed({ hostname }: URL, entries: readonly string[]): boolean {
  const { hosts, ranges } = allowedHosts(entries);
  const host = hostname.replace(/^\[|\]$/g, '');
  if (hosts.includes(host)) return true;
  const address = host === 'localhost' ? '127.0.0.1' : host;
  return ipaddr.isValid(address) && compileRanges(ranges)(ipaddr.process(address));
}

/** Tells whether the gateway may send requests to a URL: by https, or to a private host that is allowed. */
export const isReachable = (url: string, allowed: readonly string[]): boolean =>
  url.startsWith('https:') || isHostAllowed(new URL(url), allowed);

/** Where the requests of the gateway may go. */
export const outboundVariables = {
  ALLOW_PRIVATE_ADDRESSES: variable({
    parser: privateAddresses(),
    default: 'off',
    description:
      'Private hosts that webhooks, identity providers, SMS services and PWNED_PASSWORDS_URL may have: host names, addresses, CIDR ranges, `loopback`, `linklocal`, `uniquelocal`. `on` is `loopback,uniquelocal`. Only these may have http. [Outbound requests](../outbound/README.md) has the rules.',
  }),
};

export const outboundConfig = (e: Environment) => ({
  outbound: {
    /** The private hosts and ranges that requests of the gateway may reach. */
    allowPrivate: allowedHosts(e.ALLOW_PRIVATE_ADDRESSES),
  },
});
