/**
 * What a probe of the engine found. `refuse`: the gateway would believe user ids of another issuer, so nothing is installed.
 * `warn`: something will not work, or is less safe. `unseen`: it could not be tested. `fine`: it was tested.
 */
export type Finding = { level: 'refuse' | 'warn' | 'unseen' | 'fine'; text: string };

export const finding = (level: Finding['level'], text: string): Finding => ({ level, text });

/** What the gateway's tokens say of themselves. The GoTrue dialect, if it is on, has an audience of its own. */
export type TokenNames = { issuer: string; audience: string | readonly string[] };

/** The engine's variable that makes it believe the gateway's tokens, and no others. */
export const jwtSecretFor = (tokens: TokenNames | null): string =>
  `HASURA_GRAPHQL_JWT_SECRET='${JSON.stringify({
    jwk_url: '<address of the gateway>/.well-known/jwks.json',
    issuer: tokens?.issuer ?? '<PUBLIC_URL of the gateway>',
    audience: tokens?.audience ?? '<JWT_AUDIENCE of the gateway>',
    allowed_skew: 30,
  })}'`;

/** Whether the engine refuses a query only because its allow list lacks it. */
export const isOutsideAllowList = (message: string | undefined): boolean =>
  message?.includes('query is not allowed') === true;
