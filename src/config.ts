import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { type CaptchaConfig, captchaConfig } from './captcha/config.ts';
import type { EnsConfig } from './ens/config.ts';
import { type Environment, environment, type Limit } from './environment.ts';
import { type MailConfig, mailConfig } from './mail/config.ts';

/** What may also come from a file, by the variable's name with `_FILE` behind it. */
const FROM_FILE = [
  'DATABASE_URL',
  'INTERNAL_ENDPOINTS_SECRET',
  'KEY_ENCRYPTION_KEYS',
  'ENS_RPC_URLS',
  'SMTP_URL',
  'CAPTCHA_SECRET',
] as const;
const REQUIRED_IN_PRODUCTION = [
  ...['DATABASE_URL', 'PUBLIC_URL', 'INTERNAL_ENDPOINTS_SECRET', 'KEY_ENCRYPTION_KEYS', 'SMTP_URL'],
] as const;

/** Names every variable that is missing or bad, and never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The configuration is not usable:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

export type Config = Readonly<{
  production: boolean;
  port: number;
  host: string;
  /** Without a trailing slash. */
  publicUrl: string;
  dataDir: string;
  database: Readonly<{
    url: string | null;
    poolSize: number;
    statementTimeoutMs: number;
    migrateOnStart: boolean;
  }>;
  /** One or two, the current one first; empty until the development secret is made. */
  internalSecrets: readonly string[];
  keyEncryptionKeys: readonly Uint8Array[];
  tokens: Readonly<{
    audience: string;
    accessTtlSeconds: number;
    portalTtlSeconds: number;
    refreshTtlSeconds: number;
    sessionTtlSeconds: number;
  }>;
  keys: Readonly<{ algorithm: 'ES256' | 'RS256' | 'EdDSA'; ttlSeconds: number; jwksMaxAgeSeconds: number }>;
  signup: boolean;
  /** Whether logging in takes a verified address. */
  requireVerifiedEmail: boolean;
  /** Whether anybody may ask if an address has an account. */
  emailExists: boolean;
  captcha: CaptchaConfig | null;
  /** The application, to which the pages of mailed links lead on. */
  appUrl: string | null;
  /** SameSite of the refresh cookie. */
  refreshCookie: 'off' | 'strict' | 'lax' | 'none';
  passwords: Readonly<{ minLength: number; hashConcurrency: number; hashQueue: number }>;
  limits: Readonly<{
    enabled: boolean;
    loginPerAccount: Limit;
    loginPerAddress: Limit;
    loginUnaddressed: Limit;
    signupPerAddress: Limit;
    signupUnaddressed: Limit;
    passwordResetPerAddress: Limit;
    passwordResetUnaddressed: Limit;
    emailExistsPerAddress: Limit;
    emailExistsUnaddressed: Limit;
    emailChangesPerUser: Limit;
    teamsPerUser: Limit;
    projectsPerUser: Limit;
    invitesPerTeam: Limit;
    invitesPerInviter: Limit;
    mailSpacingSeconds: number;
    mailPerRecipient: Limit;
  }>;
  mail: MailConfig;
  http: Readonly<{
    trustedProxies: readonly string[];
    hasuraBehindProxy: boolean;
    corsOrigins: readonly string[];
    maxBodyBytes: number;
    maxConcurrentRequests: number;
    swagger: boolean;
    shutdownTimeoutMs: number;
  }>;
  graphql: Readonly<{
    maxDepth: number;
    maxAliases: number;
    maxTokens: number;
    maxCost: number;
    graphiql: boolean;
    introspection: boolean;
  }>;
  hasuraUnauthorizedRole: string;
  inviteTtlSeconds: number;
  ens: EnsConfig;
  housekeepingSeconds: number;
  securityEventDays: number;
  logLevel: string;
}>;

/**
 * Reads the whole configuration, once; everything else receives a Config. An empty string counts as unset.
 * @throws ConfigError naming every missing or bad variable.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const problems: string[] = [];
  const parsed = environment.safeParse(withFiles(env, problems));
  for (const issue of parsed.error?.issues ?? []) problems.push(`${String(issue.path[0])}: ${issue.message}`);
  const set = (name: string) => (env[name] ?? '') !== '' || (env[`${name}_FILE`] ?? '') !== '';
  if (env.NODE_ENV === 'production') {
    for (const name of REQUIRED_IN_PRODUCTION)
      if (!set(name)) problems.push(`${name}: required in production`);
    if (parsed.data?.RATE_LIMITS === false) problems.push('RATE_LIMITS: cannot be off in production');
  }
  if (parsed.data?.REFRESH_COOKIE === 'none' && !parsed.data.PUBLIC_URL?.startsWith('https:'))
    problems.push('REFRESH_COOKIE: none needs a PUBLIC_URL with https');
  if (parsed.success)
    captchaConfig(parsed.data, (name) => problems.push(`${name}: required with CAPTCHA_PROVIDER`));
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return toConfig(parsed.data);
}

/**
 * Reads some variables, each of which must be set: for commands that need no more.
 * @throws ConfigError naming every missing or bad one.
 */
export function readVariables<Name extends keyof Environment>(
  env: NodeJS.ProcessEnv,
  names: readonly Name[],
): { [Key in Name]: NonNullable<Environment[Key]> } {
  const problems: string[] = [];
  const asked = names.flatMap((name) => [name, `${name}_FILE`]).map((name) => [name, env[name]]);
  const parsed = environment.safeParse(withFiles(Object.fromEntries(asked), problems));
  for (const issue of parsed.error?.issues ?? []) problems.push(`${String(issue.path[0])}: ${issue.message}`);
  if (problems.length === 0)
    problems.push(...names.flatMap((name) => (parsed.data?.[name] === undefined ? `${name}: required` : [])));
  if (parsed.data?.REFRESH_COOKIE === 'none' && !parsed.data.PUBLIC_URL?.startsWith('https:'))
    problems.push('REFRESH_COOKIE: none needs a PUBLIC_URL with https');
  if (problems.length > 0 || !parsed.success) throw new ConfigError(problems);
  return parsed.data as { [Key in Name]: NonNullable<Environment[Key]> };
}

function withFiles(env: NodeJS.ProcessEnv, problems: string[]): Record<string, string> {
  const merged: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && value !== '') merged[name] = value;
  for (const name of FROM_FILE) {
    const path = merged[`${name}_FILE`];
    if (path === undefined || merged[name] !== undefined) continue;
    try {
      merged[name] = readFileSync(path, 'utf8').trim();
    } catch (error) {
      problems.push(`${name}_FILE: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    }
  }
  return merged;
}

/** As many hashes at once as there are cores, and two threads of the pool left for WebCrypto and files. */
const defaultHashConcurrency = (threads: number): number =>
  Math.max(1, Math.min(availableParallelism(), threads - 2));

/** The host as a URL spells it: an address to listen on everywhere is reached at localhost. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function toConfig(e: Environment): Config {
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
      loginPerAddress: e.LIMIT_LOGIN_PER_ADDRESS,
      loginUnaddressed: e.LIMIT_LOGIN_UNADDRESSED,
      signupPerAddress: e.LIMIT_SIGNUP_PER_ADDRESS,
      signupUnaddressed: e.LIMIT_SIGNUP_UNADDRESSED,
      passwordResetPerAddress: e.LIMIT_PASSWORD_RESET_PER_ADDRESS,
      passwordResetUnaddressed: e.LIMIT_PASSWORD_RESET_UNADDRESSED,
      emailExistsPerAddress: e.LIMIT_EMAIL_EXISTS_PER_ADDRESS,
      emailExistsUnaddressed: e.LIMIT_EMAIL_EXISTS_UNADDRESSED,
      emailChangesPerUser: e.LIMIT_EMAIL_CHANGES_PER_USER,
      teamsPerUser: e.LIMIT_TEAMS_PER_USER,
      projectsPerUser: e.LIMIT_PROJECTS_PER_USER,
      invitesPerTeam: e.LIMIT_INVITES_PER_TEAM,
      invitesPerInviter: e.LIMIT_INVITES_PER_INVITER,
      mailSpacingSeconds: e.LIMIT_MAIL_SPACING_SECONDS,
      mailPerRecipient: e.LIMIT_MAIL_PER_RECIPIENT,
    },
    mail: mailConfig(e, publicUrl),
    http: {
      trustedProxies: e.TRUSTED_PROXIES.filter((proxy) => proxy !== 'hasura'),
      hasuraBehindProxy: e.TRUSTED_PROXIES.includes('hasura'),
      corsOrigins: e.CORS_ORIGINS,
      maxBodyBytes: e.MAX_BODY_BYTES,
      maxConcurrentRequests: e.MAX_CONCURRENT_REQUESTS,
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
