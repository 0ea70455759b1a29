import { z } from 'zod';
import { list } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';
import { webhookTypes } from '../webhook-events.ts';
import { allowedHosts, endpointUrl, isReachable, privateAddresses } from './outbound.ts';

const MAX_ENDPOINTS = 5;
const MAX_SECRETS = 3;

/** A secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64. */
const webhookSecret = () =>
  z
    .string()
    .regex(/^whsec_[A-Za-z0-9+/]+={0,2}$/, { error: 'must be whsec_ and base64', abort: true })
    .refine((value) => {
      const { length } = Buffer.from(value.slice('whsec_'.length), 'base64');
      return length >= 24 && length <= 64;
    }, 'must be 24 to 64 bytes in base64 after whsec_');

/** Secrets that sign what the gateway posts: several while they are rotated. */
export const webhookSecrets = () =>
  list().pipe(z.array(webhookSecret()).min(1).max(MAX_SECRETS, `must be at most ${MAX_SECRETS} secrets`));

/** Where the gateway tells an application what happened to its users. */
export const webhookVariables = {
  WEBHOOK_URLS: variable({
    parser: list().pipe(z.array(endpointUrl()).max(MAX_ENDPOINTS, `must be at most ${MAX_ENDPOINTS} URLs`)),
    default: '',
    description:
      'URLs, separated by commas, to which the gateway posts [webhooks](../webhooks/README.md): at most five. Each has https. A host of WEBHOOK_ALLOW_PRIVATE or ALLOW_PRIVATE_ADDRESSES may have http.',
    shownDefault: 'none: webhooks are off',
    secret: true,
    needs: 'WEBHOOK_SECRETS',
  }),
  WEBHOOK_SECRETS: variable({
    parser: webhookSecrets(),
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
    parser: privateAddresses(),
    default: '',
    description:
      'Private hosts that webhooks may reach besides those of ALLOW_PRIVATE_ADDRESSES, written in the same way.',
    shownDefault: 'none',
  }),
};

const allowedOf = (e: Environment): string[] => [...e.ALLOW_PRIVATE_ADDRESSES, ...e.WEBHOOK_ALLOW_PRIVATE];

export const webhookConfig = (e: Environment) => ({
  webhooks: {
    /** The endpoints, each once. Their paths may hold keys, so messages and logs do not quote them. */
    urls: [...new Set(e.WEBHOOK_URLS)],
    secrets: e.WEBHOOK_SECRETS ?? [],
    events: e.WEBHOOK_EVENTS.length === 0 ? webhookTypes : e.WEBHOOK_EVENTS,
    /** The private hosts and ranges that webhooks may reach. */
    allowPrivate: allowedHosts(allowedOf(e)),
  },
});

/** Requires https, except for hosts that are allowed explicitly. */
export const webhookProblems = (e: Environment): string[] =>
  e.WEBHOOK_URLS.flatMap((url, index) =>
    isReachable(url, allowedOf(e))
      ? []
      : [`WEBHOOK_URLS: URL ${index + 1} needs https, or its host in WEBHOOK_ALLOW_PRIVATE`],
  );
