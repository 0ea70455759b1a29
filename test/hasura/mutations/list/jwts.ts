import type { Mutation } from '../mutation.ts';

const TOKENS = 'src/sessions/tokens.ts';
const SPENT_TOKENS = 'src/sessions/spent-refresh-tokens.ts';
const JWKS = 'src/keys/jwks.ts';

/** Tokens and the keys that sign them (hasura/README.md, "JWT claims"). */
export const jwts: readonly Mutation[] = [
  {
    breaks: 'a token allows the role admin',
    file: TOKENS,
    from: "'x-hasura-allowed-roles': roles,",
    to: "'x-hasura-allowed-roles': [...roles, 'admin'],",
    scenarios: ['identity'],
  },
  {
    breaks: 'a token allows the team role as a Hasura role',
    file: TOKENS,
    from: "'x-hasura-allowed-roles': roles,",
    to: "'x-hasura-allowed-roles': [...roles, ...(team === null ? [] : [team.role])],",
    scenarios: ['roles'],
  },
  {
    breaks: 'every token holds the roles of a membership',
    file: 'src/sessions/opening.ts',
    from: 'const roles = splitRoles(opened.user_roles);',
    to: 'const roles = [...splitRoles(opened.user_roles), ...splitRoles(opened.member_roles)];',
    scenarios: ['application-roles'],
  },
  {
    breaks: 'a token does not hold the claims of CLAIMS_SQL',
    file: TOKENS,
    from: '    ...claims,\n',
    to: '',
    scenarios: ['application-roles'],
  },
  {
    breaks: 'a token names its session as its user',
    file: TOKENS,
    from: "'x-hasura-user-id': userId,",
    to: "'x-hasura-user-id': sessionId,",
    scenarios: ['identity'],
  },
  {
    breaks: 'the claims of a token do not name its session',
    file: TOKENS,
    from: "    'x-hasura-session-id': sessionId,\n",
    to: '',
    scenarios: ['accounts'],
  },
  {
    breaks: 'a claim is a number instead of a string',
    file: TOKENS,
    from: "'x-hasura-default-role': roles[0],",
    to: "'x-hasura-default-role': 'user',\n    'x-hasura-level': 1 as never,",
    scenarios: ['accounts'],
  },
  {
    breaks: 'a team token does not name its team',
    file: TOKENS,
    from: "'x-hasura-team-id': team.teamId, 'x-hasura-team-role': team.role",
    to: '',
    scenarios: ['teams'],
  },
  {
    breaks: 'the gateway accepts a token without issuer and audience, as Hasura does',
    file: TOKENS,
    from: '    issuer: config.tokens.issuer,\n    audience: audiences(config),\n',
    to: '',
    scenarios: ['trust'],
  },
  {
    breaks: 'a token has another audience than the gateway’s configuration',
    file: TOKENS,
    from: 'aud: gotrueClaims === null ? config.tokens.audience : config.gotrue.audience,',
    to: "aud: 'gateway',",
    scenarios: ['accounts'],
  },
  {
    breaks: 'a refresh token that was exchanged long ago counts as a repeated request',
    file: SPENT_TOKENS,
    from: 'if (repeat.late && !isLostAnswer(known, repeat))',
    to: 'if (known.seconds_ago === -1)',
    scenarios: ['refresh'],
  },
  {
    breaks: 'several tabs that refresh at once count as theft',
    file: SPENT_TOKENS,
    from: 'late: (seconds_ago ?? 0) > reuseIntervalSeconds',
    to: 'late: true',
    scenarios: ['refresh'],
  },
  {
    breaks: 'the reuse of a refresh token does not end its session',
    file: 'src/flows/sign-in/refresh.ts',
    from: 'await endStolenSession(deps, by, rotation);',
    to: '',
    scenarios: ['refresh'],
  },
  {
    breaks: 'the JWKS has no max-age, so that Hasura never fetches it again',
    file: 'src/dialects/keys/endpoints.ts',
    from: 'public, max-age=',
    to: 'public, age=',
    scenarios: ['console'],
  },
  {
    breaks: 'a published key does not say that it is for signatures',
    file: JWKS,
    from: "{ kid: id, alg: algorithm, use: 'sig' }",
    to: '{ kid: id, alg: algorithm }',
    scenarios: ['keys'],
  },
  {
    breaks: 'a published key does not say its algorithm',
    file: JWKS,
    from: "const PUBLIC_MEMBERS = ['kty', 'kid', 'alg',",
    to: "const PUBLIC_MEMBERS = ['kty', 'kid',",
    scenarios: ['keys'],
  },
  {
    breaks: 'an expired key stays in the JWKS',
    file: JWKS,
    from: '.where(gt(jwks.expiresAt, sql`now()`))\n    .orderBy',
    to: '.orderBy',
    scenarios: ['console'],
  },
  {
    breaks: 'an expired key signs while Hasura lacks the next key',
    file: 'src/keys/signing.ts',
    from: ".where(gt(jwks.expiresAt, sql`now() + interval '1 second'`))\n",
    to: '',
    scenarios: ['keys'],
  },
  {
    breaks: 'a new key signs before Hasura can know it',
    file: 'src/config/key-schedule.ts',
    from: '2 * jwksMaxAgeSeconds + VERIFIER_LATENESS_SECONDS',
    to: '0 * jwksMaxAgeSeconds',
    scenarios: ['keys'],
  },
];
