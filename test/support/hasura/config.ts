import { hasRemotePermissions } from './remote-parts.ts';
import type { EngineState } from './state.ts';

const CLAIMS_NAMESPACE = 'https://hasura.io/jwt/claims';

/** What `GET /v1alpha1/config` tells admin: no issuer, no audience, no address and no role. */
export function readConfig({ env, version }: EngineState): object {
  const secret = env.HASURA_GRAPHQL_JWT_SECRET;
  const given = secret === undefined ? null : (JSON.parse(secret) as Record<string, unknown>);
  const features = (env.HASURA_GRAPHQL_EXPERIMENTAL_FEATURES ?? '').split(',').filter((name) => name !== '');
  return {
    version,
    is_function_permissions_inferred: env.HASURA_GRAPHQL_INFER_FUNCTION_PERMISSIONS !== 'false',
    is_remote_schema_permissions_enabled: hasRemotePermissions(env),
    is_admin_secret_set: true,
    is_auth_hook_set: env.HASURA_GRAPHQL_AUTH_HOOK !== undefined,
    is_jwt_set: given !== null,
    jwt:
      given === null
        ? []
        : [
            {
              claims_format: given.claims_format ?? 'json',
              claims_namespace: given.claims_namespace ?? CLAIMS_NAMESPACE,
              claims_map: given.claims_map ?? null,
            },
          ],
    is_allow_list_enabled: env.HASURA_GRAPHQL_ENABLE_ALLOWLIST === 'true',
    experimental_features: features,
    default_naming_convention: env.HASURA_GRAPHQL_DEFAULT_NAMING_CONVENTION ?? null,
  };
}
