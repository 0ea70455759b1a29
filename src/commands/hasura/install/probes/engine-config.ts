import { z } from 'zod';
import { parseJson as toJson } from '../../engine.ts';
import { adminHeaders, callEngine, type EngineAccess, EngineError } from '../../engine-http.ts';
import { type Finding, finding, jwtSecretFor, type TokenNames } from './finding.ts';

const jwtInfo = z.looseObject({
  claims_namespace: z.string().optional(),
  claims_namespace_path: z.string().optional(),
  claims_map: z.unknown().optional(),
});

/** What the engine tells of its settings. Releases differ in what they tell, and in whether `jwt` is a list. */
const engineConfig = z.looseObject({
  version: z.string().default('unknown'),
  is_admin_secret_set: z.boolean().optional(),
  is_auth_hook_set: z.boolean().optional(),
  is_jwt_set: z.boolean().optional(),
  jwt: z.union([z.array(jwtInfo), jwtInfo]).nullish(),
  is_remote_schema_permissions_enabled: z.boolean().optional(),
  is_allow_list_enabled: z.boolean().optional(),
  default_naming_convention: z.string().nullish(),
});
export type EngineConfig = z.output<typeof engineConfig>;

/** Reads the engine's settings; null if its config API is off or hidden. @throws EngineError if it refuses the secret */
export async function readEngineConfig(engine: EngineAccess): Promise<EngineConfig | null> {
  const { status, text } = await callEngine(engine, '/v1alpha1/config', { headers: adminHeaders(engine) });
  if (status === 401) throw new EngineError('The engine refuses HASURA_GRAPHQL_ADMIN_SECRET.');
  if (status !== 200) return null;
  return engineConfig.safeParse(toJson(text)).data ?? null;
}

const CLAIMS_NAMESPACE = 'https://hasura.io/jwt/claims';

const jwtsOf = ({ jwt }: EngineConfig) => (jwt == null ? [] : Array.isArray(jwt) ? jwt : [jwt]);

/** What the settings mean for the gateway. */
export function findingsOnConfig(config: EngineConfig | null, tokens: TokenNames | null): Finding[] {
  if (config === null)
    return [
      finding(
        'unseen',
        'The engine’s config API is off (HASURA_GRAPHQL_ENABLED_APIS lacks `config`): whether it uses a webhook, and whether HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS is true, was not seen there.',
      ),
    ];
  return [
    ...whoIsBelieved(config, tokens),
    ...howClaimsAreRead(config),
    ...whatRolesSee(config),
    ...whatIsAllowed(config),
    ...onVersion(config),
  ];
}

function whoIsBelieved(config: EngineConfig, tokens: TokenNames | null): Finding[] {
  if (config.is_admin_secret_set === false)
    return [
      finding(
        'refuse',
        'The engine has no admin secret: every client is admin. Set HASURA_GRAPHQL_ADMIN_SECRET.',
      ),
    ];
  if (config.is_auth_hook_set === true)
    return [
      finding(
        'refuse',
        `The engine asks a webhook who a client is, and the gateway would believe its user ids. Unset HASURA_GRAPHQL_AUTH_HOOK, and set ${jwtSecretFor(tokens)}.`,
      ),
    ];
  if (jwtsOf(config).length > 1)
    return [
      finding(
        'refuse',
        'The engine believes the tokens of several issuers, and the gateway would believe the user ids of all of them. Use HASURA_GRAPHQL_JWT_SECRET with the gateway alone.',
      ),
    ];
  if (config.is_jwt_set === false)
    return [
      finding(
        'warn',
        `The engine believes no token: clients cannot use it after they signed in. Set ${jwtSecretFor(tokens)}.`,
      ),
    ];
  return [];
}

function howClaimsAreRead(config: EngineConfig): Finding[] {
  return jwtsOf(config).flatMap(({ claims_map, claims_namespace, claims_namespace_path }) => {
    if (claims_map != null)
      return [
        finding(
          'warn',
          'The engine maps claims: remove `claims_map` from HASURA_GRAPHQL_JWT_SECRET, or it does not read those of the gateway.',
        ),
      ];
    const isOther =
      (claims_namespace ?? CLAIMS_NAMESPACE) !== CLAIMS_NAMESPACE || claims_namespace_path !== undefined;
    return isOther
      ? [
          finding(
            'warn',
            `The engine reads claims elsewhere: HASURA_GRAPHQL_JWT_SECRET needs the claims namespace ${CLAIMS_NAMESPACE}, which is the default.`,
          ),
        ]
      : [];
  });
}

const whatRolesSee = ({ is_remote_schema_permissions_enabled: enabled }: EngineConfig): Finding[] =>
  enabled === false
    ? [
        finding(
          'warn',
          'Every role sees every operation of the gateway, those of the operator too; the gateway refuses them by itself. Set HASURA_GRAPHQL_ENABLE_REMOTE_SCHEMA_PERMISSIONS=true. Your own remote schemas then need permissions too.',
        ),
      ]
    : [];

const whatIsAllowed = ({ is_allow_list_enabled: enabled }: EngineConfig): Finding[] =>
  enabled === true
    ? [
        finding(
          'warn',
          'The engine runs only operations of its allow list (HASURA_GRAPHQL_ENABLE_ALLOWLIST): add those that your clients send to the gateway.',
        ),
      ]
    : [];

/** Fixed in 2.45.5 and 2.49.2: a computed field bypasses row permissions (CVE-2026-54698). */
function onVersion({ version }: EngineConfig): Finding[] {
  const [, major, minor, patch] = (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  if (major === undefined || minor === undefined || patch === undefined)
    return [finding('unseen', `The engine’s version ${version} is not known.`)];
  const isFixed = minor > 49 || (minor === 49 && patch >= 2) || (minor === 45 && patch >= 5);
  return major === 2 && isFixed
    ? []
    : [
        finding(
          'warn',
          `The engine is ${version}. Use 2.49.2 or newer, or 2.45.5 or newer of 2.45: before, a computed field of yours bypasses row permissions.`,
        ),
      ];
}
