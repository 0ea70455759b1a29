import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { compileRanges } from '../address-ranges.ts';
import { httpUrl, list } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { webhookTypes } from '../webhook-events.ts';

const MAX_ENDPOINTS = 5;
const MAX_SECRETS = 3;

/** A URL may hold a key in its path. Its other parts show up in the logs of proxies and receivers. */
const endpointUrl = () =>
  httpUrl()
    .max(2000, 'must have at most 2000 characters')
    .transform((value) => new URL(value))
    .refine((url) => url.username === '' && url.password === '', 'must not hold a user or a password')
    .refine((url) => url.search === '' && url.hash === '', 'must not hold a query or a fragment')
    .transform(({ href }) => href);

/** A secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. */
const webhookSecret = () =>
  z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, { error: 'must be whsec_ and base64', abort: true })
    .refine((value) => {
      const { length } = Buffer.from(value.slice('whsec_'.length), 'base64');
      return length >= 24 && length <= 64;
    }, 'must be 24 to 64 bytes in base64 after whsec_');

const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

function isRange(text: string): boolean {
  try {
    compileRanges([text]);
    return true;
  } catch {
    return false;
  }
}

/** Where the gateway tells an application what happened to its users. */
export const webhookVariables = {
  WEBHOOK_URLS: variable({
    parser: list().pipe(z.array(endpointUrl()).max(MAX_ENDPOINTS, `must be at most ${MAX_ENDPOINTS} URLs`)),
    default: '',
    description:
      'URLs, separated by commas, to which the gateway posts [webhooks](../webhooks/README.md): at most five. Each has https. A host of WEBHOOK_ALLOW_PRIVATE may have http.',
    shownDefault: 'none: webhooks are off',
    secret: true,
    needs: 'WEBHOOK_SECRETS',
  }),
  WEBHOOK_SECRETS: variable({
    parser: list().pipe(
      z.array(webhookSecret()).min(1).max(MAX_SECRETS, `must be at most ${MAX_SECRETS} secrets`),
    ),
    description:
      'Secrets that sign webhooks: `whsec_` and 24 to 64 random bytes in base64. While you rotate them: two or three, separated by commas. Each signs every webhook. Required with WEBHOOK_URLS.',
    secret: true,
  }),
  WEBHOOK_EVENTS: variable({
    parser: list().pipe(z.array(z.enum(webhookTypes))),
    default: '',
    description: 'Events, separated by commas, that cause webhooks: for example `user.created,user.deleted`.',
    shownDefault: 'all',
  }),
  WEBHOOK_ALLOW_PRIVATE: variable({
    parser: list()
      .pipe(z.array(z.string().toLowerCase()))
      .refine(
        (entries) => entries.every((entry) => isRange(entry) || HOST_NAME.test(entry)),
        'must be host names, addresses, CIDR ranges, loopback, linklocal or uniquelocal',
      ),
    default: '',
    description:
      'Private hosts that webhooks may reach: host names, addresses, CIDR ranges, `loopback`, `linklocal`, `uniquelocal`. All other webhooks go to public addresses only.',
    shownDefault: 'none',
  }),
};

/** Tells whether WEBHOOK_ALLOW_PRIVATE names the host of a URL, or a range with the host's address. */
function isHostAllowed({ hostname }: URL, allowed: { hosts: readonly string[]; ranges: readonly string[] }) {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (allowed.hosts.includes(host)) return true;
  const address = host === 'localhost' ? '127.0.0.1' : host;
  return ipaddr.isValid(address) && compileRanges(allowed.ranges)(ipaddr.process(address));
}

function allowedOf({ WEBHOOK_ALLOW_PRIVATE: entries }: Environment) {
  const ranges = entries.filter(isRange);
  return { ranges, hosts: entries.filter((entry) => !ranges.includes(entry)) };
}

export const webhookConfig = (e: Environment) => ({
  webhooks: {
    /** The endpoints, each once. Their paths may hold keys, so messages and logs do not quote them. */
    urls: [...new Set(e.WEBHOOK_URLS)],
    secrets: e.WEBHOOK_SECRETS ?? [],
    events: e.WEBHOOK_EVENTS.length === 0 ? webhookTypes : e.WEBHOOK_EVENTS,
    /** The private hosts and ranges that webhooks may reach. */
    allowPrivate: allowedOf(e),
  },
});

/** Requires https, except for hosts that are allowed explicitly. */
export const webhookProblems = (e: Environment): string[] =>
  e.WEBHOOK_URLS.flatMap((url, index) =>
    url.startsWith('https:') || isHostAllowed(new URL(url), allowedOf(e))
      ? []
      : [`WEBHOOK_URLS: URL ${index + 1} needs https, or its host in WEBHOOK_ALLOW_PRIVATE`],
  );
