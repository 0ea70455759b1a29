import type { CaptchaConfig } from './captcha.ts';
import type { EnsConfig } from './ens.ts';
import type { KeyConfig } from './key-schedule.ts';
import type { MailConfig } from './mail.ts';
import type { Limit } from './parsers.ts';

export type Config = Readonly<{
  production: boolean;
  port: number;
  host: string;
  /** Without a trailing slash. */
  publicUrl: string;
  dataDir: string;
  database: Readonly<{
    url: string | null;
    /** Past a pooler; null: the same. */
    directUrl: string | null;
    /** Whether statements may be prepared under a name; null: as the URL says. */
    prepare: boolean | null;
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
    reuseIntervalSeconds: number;
  }>;
  keys: KeyConfig;
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
    currentPasswordPerSession: Limit;
    loginPerAddress: Limit;
    loginUnaddressed: Limit;
    signupPerAddress: Limit;
    signupUnaddressed: Limit;
    passwordResetPerAddress: Limit;
    passwordResetUnaddressed: Limit;
    emailExistsPerAddress: Limit;
    emailExistsUnaddressed: Limit;
    emailChangesPerUser: Limit;
    changesPerUser: Limit;
    renewalsPerSession: Limit;
    teamsPerUser: Limit;
    projectsPerUser: Limit;
    invitesPerTeam: Limit;
    invitesPerInviter: Limit;
    internalSecretPerAddress: Limit;
    mailSpacingSeconds: number;
    mailPerRecipient: Limit;
  }>;
  mail: MailConfig;
  http: Readonly<{
    trustedProxies: readonly string[];
    hasuraBehindProxy: boolean;
    /** As browsers send them; `*` for all. */
    corsOrigins: readonly string[];
    /** Besides those that are always allowed; lower case. */
    corsAllowedHeaders: readonly string[];
    maxBodyBytes: number;
    maxConcurrentRequests: number;
    maxConnections: number;
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
