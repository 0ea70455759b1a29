import type { ServerMetadata } from 'openid-client';
import type { ProviderSettings } from '../config/config.ts';
import { isPreset, type PresetName } from '../config/provider-settings.ts';
import type { Ask, ProviderAccount } from './account.ts';
import { type Claims, isTrueClaim } from './claims.ts';
import { readDiscordAccount } from './discord.ts';
import { readGithubAccount } from './github.ts';

/** What the gateway knows about a provider. */
export type Preset = Readonly<{
  /** The issuer whose discovery document says the rest, if the operator names none. */
  issuer?: string;
  /** Makes the issuer from the URL that GoTrue's settings have. */
  issuerOf?: (authorizationUrl: string) => string;
  /** The endpoints of a provider that has no discovery document, or need not serve it. */
  metadata?: (base: string) => ServerMetadata;
  /** The scopes that are always asked for. */
  scopes: readonly string[];
  /** Whether the provider lets the browser post its answer. */
  formPost?: boolean;
  /** Reads the account from an API of its own. Without it, the ID token says who the person is. */
  readAccount?: (ask: Ask, base: string) => Promise<ProviderAccount>;
  /** Whether the provider stands for the address of these claims. Its issuers: as configured, and as its document names it. */
  isVerified?: (claims: Claims, issuers: readonly string[]) => boolean;
  /** Whether an ID token for the gateway may name an application of the same operator in `azp`. */
  namesApplications?: boolean;
  /** The names by which imports stored identities of this provider. */
  formerNames?: readonly string[];
}>;

const OPENID = ['openid', 'email', 'profile'];

/** The tenants of Entra ID that stand for many directories, in any case. The number is the one of personal accounts. */
const SHARED_TENANTS =
  /\/(?:common|organizations|consumers|\{tenantid\}|9188040d-6c67-4c5b-b112-36a304b66dad)\//i;

/** Whether only people of one directory sign in, whose administrators write the addresses. */
const isOneDirectory = (issuers: readonly string[]): boolean =>
  !issuers.some((issuer) => SHARED_TENANTS.test(`${issuer}/`));

const keycloakMetadata = (realm: string): ServerMetadata => {
  const base = `${realm}/protocol/openid-connect`;
  return {
    issuer: realm,
    authorization_endpoint: `${base}/auth`,
    token_endpoint: `${base}/token`,
    userinfo_endpoint: `${base}/userinfo`,
    jwks_uri: `${base}/certs`,
  };
};

const presets: Readonly<Record<PresetName, Preset>> = {
  // Google's SDK for Android gets the token for the gateway, and names the application in `azp`.
  google: { issuer: 'https://accounts.google.com', scopes: OPENID, namesApplications: true },
  apple: { issuer: 'https://appleid.apple.com', scopes: ['openid', 'name', 'email'], formPost: true },
  gitlab: { issuer: 'https://gitlab.com', issuerOf: (url) => url, scopes: OPENID },
  azure: {
    issuer: 'https://login.microsoftonline.com/common/v2.0',
    issuerOf: (url) => `${url}/v2.0`,
    scopes: OPENID,
    // An administrator of any directory can write any address into the claim.
    isVerified: (claims, issuers) => isTrueClaim(claims, 'xms_edov') || isOneDirectory(issuers),
    formerNames: ['microsoft'],
  },
  keycloak: {
    issuerOf: (url) => url,
    metadata: keycloakMetadata,
    scopes: OPENID,
  },
  github: {
    metadata: (base) => ({
      issuer: `${base}/login/oauth`,
      authorization_endpoint: `${base}/login/oauth/authorize`,
      token_endpoint: `${base}/login/oauth/access_token`,
    }),
    issuer: 'https://github.com',
    scopes: ['user:email'],
    readAccount: readGithubAccount,
  },
  discord: {
    metadata: (base) => ({
      issuer: base,
      authorization_endpoint: `${base}/oauth2/authorize`,
      token_endpoint: `${base}/api/oauth2/token`,
    }),
    issuer: 'https://discord.com',
    scopes: ['identify', 'email'],
    readAccount: readDiscordAccount,
  },
};

/** The preset of a provider; an OIDC issuer by discovery if the name is not one of the known. */
export const presetOf = ({ name }: Pick<ProviderSettings, 'name'>): Preset =>
  isPreset(name) ? presets[name] : { scopes: OPENID };

/** The issuer that a preset has by itself; null if it has none, or no ID tokens. */
export function defaultIssuerOf(name: string): string | null {
  const { issuer = null, readAccount } = presetOf({ name });
  return readAccount === undefined ? issuer : null;
}

/** The issuer, or the base URL of a provider without discovery. */
export function baseOf(settings: Pick<ProviderSettings, 'name' | 'issuer' | 'authorizationUrl'>): string {
  const { issuer, authorizationUrl } = settings;
  const preset = presetOf(settings);
  if (issuer !== undefined) return issuer;
  if (authorizationUrl !== undefined) return preset.issuerOf?.(authorizationUrl) ?? authorizationUrl;
  if (preset.issuer === undefined) throw new Error(`${settings.name} has no issuer.`);
  return preset.issuer;
}
