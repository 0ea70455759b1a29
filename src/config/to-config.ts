import { availableParallelism } from 'node:os';
import { captchaConfig } from './captcha.ts';
import type { Config } from './config.ts';
import { mailConfig } from './mail.ts';
import type { Environment } from './variables.ts';

/** As many hashes at once as there are cores, and two threads of the pool left for WebCrypto and files. */
const defaultHashConcurrency = (threads: number): number =>
  Math.max(1, Math.min(availableParallelism(), threads - 2));

/** The host as a URL spells it: an address to listen on everywhere is reached at localhost. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

/** The configuration that the variables make. */
export function toConfig(e: Environment): Config {
  const production = e.NODE_ENV === 'production';
  const publicUrl = e.PUBLIC_URL ?? `http://${urlHost(e.HOST)}:${e.PORT}`;
  return {
    production,
    port: e.PORT,
    host: e.HOST,
    publicUrl,
    dataDir: e.DATA_DIR,
    database: {
      url: e.DATABASE_URL ?? null,
      directUrl: e.DATABASE_DIRECT_URL ?? null,
      prepare: e.DATABASE_PREPARE ?? null,
      poolSize: e.DATABASE_POOL_SIZE,
      statementTimeoutMs: e.DATABASE_STATEMENT_TIMEOUT_MS,
      migrateOnStart: e.MIGRATE_ON_START,
    },
    internalSecrets: e.INTERNAL_ENDPOINTS_SECRET ?? [],
    keyEncryptionKeys: e.KEY_ENCRYPTION_KEYS ?? [],
    tokens: {
      audience: e.JWT_AUDIENCE,
      accessTtlSeconds: e.ACCESS_TOKEN_TTL,
      portalTtlSeconds: e.PORTAL_TOKEN_TTL,
      refreshTtlSeconds: e.REFRESH_TOKEN_TTL,
      sessionTtlSeconds: e.SESSION_TTL,
      reuseIntervalSeconds: e.REFRESH_REUSE_INTERVAL,
    },
    keys: { algorithm: e.JWT_ALGORITHM, ttlSeconds: e.JWK_TTL, jwksMaxAgeSeconds: e.JWKS_MAX_AGE },
    signup: e.SIGNUP,
    requireVerifiedEmail: e.REQUIRE_VERIFIED_EMAIL,
    emailExists: e.EMAIL_EXISTS,
    captcha: captchaConfig(e),
    appUrl: e.APP_URL ?? null,
    refreshCookie: e.REFRESH_COOKIE,
    passwords: {
      minLength: e.PASSWORD_MIN_LENGTH,
      hashConcurrency: e.PASSWORD_HASH_CONCURRENCY ?? defaultHashConcurrency(e.UV_THREADPOOL_SIZE),
      hashQueue: e.PASSWORD_HASH_QUEUE,
    },
    limits: {
      enabled: e.RATE_LIMITS,
      loginPerAccount: e.LIMIT_LOGIN_PER_ACCOUNT,
      currentPasswordPerSession: e.LIMIT_CURRENT_PASSWORD_PER_SESSION,
      loginPerAddress: e.LIMIT_LOGIN_PER_ADDRESS,
      loginUnaddressed: e.LIMIT_LOGIN_UNADDRESSED,
      signupPerAddress: e.LIMIT_SIGNUP_PER_ADDRESS,
      signupUnaddressed: e.LIMIT_SIGNUP_UNADDRESSED,
      passwordResetPerAddress: e.LIMIT_PASSWORD_RESET_PER_ADDRESS,
      passwordResetUnaddressed: e.LIMIT_PASSWORD_RESET_UNADDRESSED,
      emailExistsPerAddress: e.LIMIT_EMAIL_EXISTS_PER_ADDRESS,
      emailExistsUnaddressed: e.LIMIT_EMAIL_EXISTS_UNADDRESSED,
      emailChangesPerUser: e.LIMIT_EMAIL_CHANGES_PER_USER,
      changesPerUser: e.LIMIT_CHANGES_PER_USER,
      renewalsPerSession: e.LIMIT_RENEWALS_PER_SESSION,
      teamsPerUser: e.LIMIT_TEAMS_PER_USER,
      projectsPerUser: e.LIMIT_PROJECTS_PER_USER,
      invitesPerTeam: e.LIMIT_INVITES_PER_TEAM,
      invitesPerInviter: e.LIMIT_INVITES_PER_INVITER,
      internalSecretPerAddress: e.LIMIT_INTERNAL_SECRET_PER_ADDRESS,
      mailSpacingSeconds: e.LIMIT_MAIL_SPACING_SECONDS,
      mailPerRecipient: e.LIMIT_MAIL_PER_RECIPIENT,
    },
    mail: mailConfig(e, publicUrl),
    http: {
      trustedProxies: e.TRUSTED_PROXIES.filter((proxy) => proxy !== 'hasura'),
      hasuraBehindProxy: e.TRUSTED_PROXIES.includes('hasura'),
      corsOrigins: e.CORS_ORIGINS,
      corsAllowedHeaders: e.CORS_ALLOWED_HEADERS,
      maxBodyBytes: e.MAX_BODY_BYTES,
      maxConcurrentRequests: e.MAX_CONCURRENT_REQUESTS,
      maxConnections: e.MAX_CONNECTIONS,
      swagger: e.SWAGGER ?? !production,
      shutdownTimeoutMs: e.SHUTDOWN_TIMEOUT_MS,
    },
    graphql: {
      maxDepth: e.GRAPHQL_MAX_DEPTH,
      maxAliases: e.GRAPHQL_MAX_ALIASES,
      maxTokens: e.GRAPHQL_MAX_TOKENS,
      maxCost: e.GRAPHQL_MAX_COST,
      graphiql: e.GRAPHIQL ?? !production,
      introspection: e.GRAPHQL_INTROSPECTION ?? !production,
    },
    hasuraUnauthorizedRole: e.HASURA_UNAUTHORIZED_ROLE,
    inviteTtlSeconds: e.INVITE_TTL,
    ens: {
      rpcUrls: e.ENS_RPC_URLS,
      chainId: e.ENS_CHAIN_ID,
      registry: e.ENS_REGISTRY,
      universalResolver: e.ENS_UNIVERSAL_RESOLVER ?? null,
      productionName: e.ENS_PRODUCTION_NAME,
      stagingName: e.ENS_STAGING_NAME,
      timeoutMs: e.ENS_TIMEOUT_MS,
    },
    housekeepingSeconds: e.HOUSEKEEPING_SECONDS,
    securityEventDays: e.SECURITY_EVENT_DAYS,
    logLevel: e.LOG_LEVEL,
  };
}
