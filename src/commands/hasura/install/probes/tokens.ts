import { z } from 'zod';
import { parseJson as toJson } from '../../engine.ts';
import { callEngine, type EngineAccess, shown } from '../../engine-http.ts';
import type { EngineConfig } from './engine-config.ts';
import { type Finding, finding, isOutsideAllowList, jwtSecretFor } from './finding.ts';
import type { Flaw, Mint } from './mint.ts';

/** The smallest query that every role may ask. */
const QUERY = '{ __typename }';

const graphqlAnswer = z.object({
  data: z.looseObject({ __typename: z.string() }).nullish(),
  errors: z
    .array(
      z.object({
        message: z.string(),
        extensions: z.looseObject({ code: z.string().optional() }).optional(),
      }),
    )
    .default([]),
});

/** Null if the engine takes the request, otherwise its reason. */
type Reaction = { code: string; message: string } | null;

async function ask(engine: EngineAccess, authorization: string | null): Promise<Reaction> {
  const { text } = await callEngine(engine, '/v1/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization !== null && { authorization }) },
    body: JSON.stringify({ query: QUERY }),
  });
  const { data, errors } = graphqlAnswer.safeParse(toJson(text)).data ?? { data: null, errors: [] };
  const [error] = errors;
  // The engine believes the client before it compares the query with its allow list.
  if (data != null || isOutsideAllowList(error?.message)) return null;
  return { code: error?.extensions?.code ?? NO_GRAPHQL, message: shown(error?.message ?? 'no answer') };
}

/** The code of an answer that does not come from GraphQL: the engine's `graphql` API is off. */
const NO_GRAPHQL = 'no-graphql';

/** Asks without a token. The engine then has an unauthorized role, or refuses. */
export async function findingsOnAnonymous(
  engine: EngineAccess,
  unauthorizedRole: string,
): Promise<Finding[]> {
  const reaction = await ask(engine, null);
  if (reaction?.code === NO_GRAPHQL)
    return [
      finding('unseen', 'The engine’s GraphQL API does not answer: clients and tokens were not tested.'),
    ];
  return reaction === null
    ? []
    : [
        finding(
          'warn',
          `The engine refuses a client without a token (${reaction.message}): no client can sign in. Set HASURA_GRAPHQL_UNAUTHORIZED_ROLE=${unauthorizedRole}.`,
        ),
      ];
}

/** Tests which tokens the engine believes: those of the gateway, and no others. */
export async function findingsOnTokens(
  engine: EngineAccess,
  config: EngineConfig | null,
  { mint, missing }: { mint: Mint | null; missing: string },
): Promise<Finding[]> {
  if (config?.is_jwt_set === false || config?.is_auth_hook_set === true) return [];
  if (mint === null)
    return [
      finding(
        'unseen',
        `Whether the engine believes the gateway’s tokens, and no others, was not tested: the command needs the variables of the gateway (${missing}). If the engine trusts another issuer, the gateway believes its user ids.`,
      ),
    ];
  const react = async (flaw: Flaw) => ask(engine, `Bearer ${await mint.token(flaw)}`);
  // Without a JWT secret the engine ignores tokens, so that it takes any of them.
  if ((await react('key')) === null)
    return (await ask(engine, 'Bearer none')) === null ? [noTokens(mint)] : [anyKey(mint)];
  const [good, audience, issuer] = [await react('none'), await react('audience'), await react('issuer')];
  if (good?.code === NO_GRAPHQL) return [];
  if (good !== null) return [onRefusedToken(good, mint)];
  return [
    finding('fine', 'The engine believes the gateway’s tokens, and refuses those of another key.'),
    ...(await findingsOnGoTrue(engine, mint)),
    ...(audience === null ? [unchecked('audience', mint)] : []),
    ...(issuer === null ? [unchecked('issuer', mint)] : []),
  ];
}

/** Tests whether the engine believes the tokens of the GoTrue dialect too, if the gateway issues any. */
async function findingsOnGoTrue(engine: EngineAccess, mint: Mint): Promise<Finding[]> {
  if (mint.goTrueToken === null) return [];
  const reaction = await ask(engine, `Bearer ${await mint.goTrueToken()}`);
  if (reaction === null) return [];
  const audience = JSON.stringify(mint.tokens.audience);
  return [
    finding(
      'warn',
      `The engine refuses the tokens of the GoTrue dialect (${reaction.message}). Set "audience": ${audience} in HASURA_GRAPHQL_JWT_SECRET, or leave \`gotrue\` out of DIALECTS.`,
    ),
  ];
}

const noTokens = ({ tokens }: Mint): Finding =>
  finding(
    'warn',
    `The engine looks at no token: clients cannot use it after they signed in. Set ${jwtSecretFor(tokens)}.`,
  );

const anyKey = ({ tokens }: Mint): Finding =>
  finding(
    'refuse',
    `The engine believes a token that the gateway did not sign. Set ${jwtSecretFor(tokens)}.`,
  );

const unchecked = (claim: 'audience' | 'issuer', { tokens }: Mint): Finding =>
  finding(
    'warn',
    `The engine believes the gateway’s tokens also with a wrong ${claim}. Set "${claim}": ${JSON.stringify(tokens[claim])} in HASURA_GRAPHQL_JWT_SECRET.`,
  );

/** Refusals of a token whose signature the engine believes. */
const ABOUT_CLAIMS: readonly [RegExp, (mint: Mint) => string][] = [
  [
    /NotInAudience/,
    ({ tokens }) => `"audience" in HASURA_GRAPHQL_JWT_SECRET must be ${JSON.stringify(tokens.audience)}`,
  ],
  [/NotInIssuer/, ({ tokens }) => `"issuer" in HASURA_GRAPHQL_JWT_SECRET must be "${tokens.issuer}"`],
  [/Expired|Future|NotYetValid/, () => 'the clocks of the engine and of this machine differ'],
];

function onRefusedToken({ code, message }: { code: string; message: string }, mint: Mint): Finding {
  const known = ABOUT_CLAIMS.find(([pattern]) => pattern.test(message));
  if (known !== undefined)
    return finding('warn', `The engine refuses the gateway’s tokens (${message}): ${known[1](mint)}.`);
  if (/^jwt-/.test(code))
    return finding(
      'warn',
      `The engine reads other claims than the gateway’s (${message}). Remove \`claims_map\` and the namespace from HASURA_GRAPHQL_JWT_SECRET.`,
    );
  return finding(
    'refuse',
    `The engine refuses a token of the gateway (${message}). It trusts another issuer, and the gateway would believe its user ids. Set ${jwtSecretFor(mint.tokens)}.`,
  );
}
