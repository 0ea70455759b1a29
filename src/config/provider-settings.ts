import { z } from 'zod';
import { httpUrl, list, text } from './parsers.ts';

/** The providers that the gateway knows by name. Every other name is an OIDC issuer. */
const presetNames = ['google', 'github', 'apple', 'gitlab', 'azure', 'discord', 'keycloak'] as const;
export type PresetName = (typeof presetNames)[number];

export const isPreset = (name: string): name is PresetName =>
  (presetNames as readonly string[]).includes(name);

/** Names of sign-ins without a provider, which identities in GoTrue's JSON have. */
const RESERVED_NAMES = ['email', 'phone', 'anonymous_users', 'web3'];

const MAX_PROVIDERS = 20;

/** A URL of a provider, without a slash at its end. */
const providerUrl = () =>
  httpUrl()
    .max(255, 'must have at most 255 characters')
    .refine((text) => {
      const { username, password, search, hash } = new URL(text);
      return username === '' && password === '' && search === '' && hash === '';
    }, 'must not hold a user, a query or a fragment')
    .transform((text) => text.replace(/\/+$/, ''));

const shortText = () => text().max(2000);

/** A scope (RFC 6749 section 3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;

const scopes = () =>
  z
    .union([list(/[\s,]+/), z.array(z.string())])
    .pipe(z.array(z.string().regex(SCOPE, 'must be scopes')).max(50));

const providerName = () =>
  z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'must be small letters, digits, - and _')
    .refine((name) => !RESERVED_NAMES.includes(name), 'is reserved');

/** Apple's key, which signs the client secrets. */
const appleKey = () =>
  z.strictObject({ teamId: shortText(), keyId: shortText(), privateKey: z.string().includes('PRIVATE KEY') });

const provider = z.strictObject({
  name: providerName(),
  issuer: providerUrl().optional(),
  authorizationUrl: providerUrl().optional(),
  clientId: shortText(),
  clientSecret: shortText().optional(),
  appleKey: appleKey().optional(),
  scopes: scopes().default([]),
  clientIds: z.array(shortText()).max(20).default([]),
  trustEmails: z.boolean().optional(),
});

type Settings = z.output<typeof provider>;

/** What is missing or too much in the settings of one provider; null if nothing is. */
function faultOf({ name, issuer, authorizationUrl, clientSecret, appleKey: key }: Settings): string | null {
  if (key !== undefined && name !== 'apple') return 'appleKey is for apple only';
  if ((clientSecret === undefined) === (key === undefined))
    return name === 'apple' ? 'needs either clientSecret or appleKey' : 'clientSecret is required';
  if (issuer !== undefined && authorizationUrl !== undefined)
    return 'needs only one of issuer and authorizationUrl';
  if (name === 'keycloak' && issuer === undefined && authorizationUrl === undefined)
    return "authorizationUrl is required: the realm's URL";
  if (!isPreset(name) && issuer === undefined) return 'issuer is required';
  return null;
}

function parseJson(text: string, context: z.RefinementCtx): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The message of the parser would quote the text, which holds secrets.
    context.addIssue({ code: 'custom', message: 'must be JSON' });
    return z.NEVER;
  }
}

/** A problem of an element, with the element's number and the attribute, and without any value. */
const spelled = ({ path: [index, ...attribute], message, code, ...issue }: z.core.$ZodIssue): string => {
  const where = typeof index === 'number' ? `provider ${index + 1}: ` : '';
  if (code === 'unrecognized_keys' && 'keys' in issue) return `${where}has an unknown attribute`;
  return where + [attribute.join('.'), message].filter((part) => part !== '').join(' ');
};

/** Reads a JSON array of providers. The problems name the number of the provider and the attribute. */
export const providerList = () =>
  z
    .string()
    .transform(parseJson)
    .transform((given, context): Settings[] => {
      const parsed = z.array(provider).max(MAX_PROVIDERS).safeParse(given);
      const list = parsed.data ?? [];
      const problems = (parsed.error?.issues ?? []).map(spelled);
      for (const [index, each] of list.entries()) {
        const fault = faultOf(each);
        if (fault !== null) problems.push(`provider ${index + 1}: ${fault}`);
        if (list.findIndex(({ name }) => name === each.name) < index)
          problems.push(`provider ${index + 1}: the name is there twice`);
      }
      for (const message of problems) context.addIssue({ code: 'custom', message });
      return list;
    });
