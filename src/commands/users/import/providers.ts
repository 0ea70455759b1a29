/** The providers that the gateway knows by name. Links to others are kept under the name of the export, and reported. */
const known = new Set([
  ...['apple', 'bitbucket', 'discord', 'facebook', 'github', 'gitlab', 'google', 'linkedin', 'microsoft'],
  ...['slack', 'spotify', 'twitch', 'twitter', 'yahoo'],
]);

/** Other names of the same providers. */
const aliases: Readonly<Record<string, string>> = {
  'apple.com': 'apple',
  azure: 'microsoft',
  azuread: 'microsoft',
  'facebook.com': 'facebook',
  'github.com': 'github',
  'google-oauth2': 'google',
  'google.com': 'google',
  'linkedin.com': 'linkedin',
  linkedin_oidc: 'linkedin',
  'microsoft.com': 'microsoft',
  'twitter.com': 'twitter',
  'yahoo.com': 'yahoo',
};

/** Names a provider as the gateway does. */
export const providerName = (name: string): string =>
  Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name;

/** Tells whether the gateway knows a provider by the name that providerName gave. */
export const isKnownProvider = (name: string): boolean => known.has(name);
