import proxyAddr from 'proxy-addr';
import { z } from 'zod';
import { captchaPurposes } from './captcha/config.ts';
import { DEFAULT_PRODUCTION_NAME, DEFAULT_STAGING_NAME, MAINNET_ENS_REGISTRY } from './ens/config.ts';

const DAY = 86_400;

const text = () => z.string().trim().min(1);
const list = (separator = ',') =>
  z.string().transform((value) =>
    value
      .split(separator)
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );
const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));
const seconds = (min: number, max: number) => integer(min, max);
const flag = () =>
  z.enum(['on', 'off', 'true', 'false', '1', '0']).transform((value) => ['on', 'true', '1'].includes(value));
const httpUrl = () => z.url({ protocol: /^https?$/, message: 'must be an http or https URL' });
const ethereumAddress = () => z.string().regex(/^0x[0-9a-fA-F]{40}$/, 'must be 0x and 40 hex digits');

export type Limit = Readonly<{ count: number; seconds: number }>;
const limit = () =>
  z
    .string()
    .regex(/^[1-9]\d{0,6}\/[1-9]\d{0,6}$/, 'must look like 10/900: a count, a slash, seconds')
    .transform((value): Limit => {
      const [count, window] = value.split('/').map(Number) as [number, number];
      return { count, seconds: window };
    });

const keyEncryptionKey = z
  .base64('must be base64')
  .refine((value) => Buffer.from(value, 'base64').length === 32, 'must be 32 bytes in base64')
  .transform((value): Uint8Array => Buffer.from(value, 'base64'));

const secretList = list().pipe(
  z.array(z.string().min(32, 'must be at least 32 characters')).min(1).max(2, 'must be one secret or two'),
);

function isProxyList(proxies: readonly string[]): boolean {
  try {
    proxyAddr.compile(proxies.filter((proxy) => proxy !== 'hasura'));
    return true;
  } catch {
    return false;
  }
}

/** Every variable the gateway reads. README's table is generated from the descriptions and defaults here. */
export const environment = z.object({
  NODE_ENV: z
    .enum(['production', 'development', 'test'])
    .optional()
    .meta({ description: '`production` refuses every development default.' }),
  PORT: integer(0, 65_535).prefault('4000').meta({ description: 'Port to listen on.' }),
  HOST: text().default('127.0.0.1').meta({ description: 'Address to listen on.' }),
  PUBLIC_URL: httpUrl()
    .transform((url) => url.replace(/\/+$/, ''))
    .optional()
    .meta({
      description: 'Where clients reach the gateway; also the `iss` of tokens. Required in production.',
      shownDefault: 'http://HOST:PORT',
    }),
  DATA_DIR: text().default('.data').meta({
    description: 'Folder for the embedded Postgres and the development keys.',
  }),
  DATABASE_URL: z
    .url({ protocol: /^postgres(ql)?$/, message: 'must be a postgres URL' })
    .optional()
    .meta({
      description: 'Postgres 14 or newer. Required in production.',
      shownDefault: 'embedded Postgres',
      secret: true,
    }),
  DATABASE_POOL_SIZE: integer(2, 200).prefault('10').meta({ description: 'Connections per replica.' }),
  DATABASE_STATEMENT_TIMEOUT_MS: integer(100, 600_000).prefault('10000').meta({
    description: 'Milliseconds after which Postgres cancels a statement.',
  }),
  MIGRATE_ON_START: flag().prefault('on').meta({
    description: 'Apply missing migrations at start. Replicas take turns.',
  }),
  INTERNAL_ENDPOINTS_SECRET: secretList.optional().meta({
    description:
      'Shared with Hasura: guards the internal endpoints, the actions and the session headers. At least 32 characters; two, separated by a comma, while rotating. Required in production.',
    shownDefault: 'made in DATA_DIR',
    secret: true,
  }),
  KEY_ENCRYPTION_KEYS: list()
    .pipe(z.array(keyEncryptionKey).min(1).max(2, 'must be one key or two'))
    .optional()
    .meta({
      description:
        'Encrypts the private signing keys: 32 random bytes in base64. The first encrypts, all decrypt. Required in production.',
      shownDefault: 'made in DATA_DIR',
      secret: true,
    }),
  JWT_ALGORITHM: z.enum(['ES256', 'RS256', 'EdDSA']).default('ES256').meta({
    description: '`alg` of newly generated keys: ES256, RS256 or EdDSA.',
  }),
  JWT_AUDIENCE: text().default('hasura').meta({ description: '`aud` of tokens.' }),
  ACCESS_TOKEN_TTL: seconds(1, DAY).prefault('900').meta({ description: 'Seconds an access token lives.' }),
  PORTAL_TOKEN_TTL: seconds(1, 30 * DAY)
    .prefault(String(DAY))
    .meta({ description: 'Seconds a token of the portal endpoints lives, which have no refresh.' }),
  REFRESH_TOKEN_TTL: seconds(60, 365 * DAY)
    .prefault(String(30 * DAY))
    .meta({ description: 'Seconds a refresh token lives unused.' }),
  SESSION_TTL: seconds(60, 3650 * DAY)
    .prefault(String(90 * DAY))
    .meta({ description: 'Seconds after which a session ends, whatever happens.' }),
  REFRESH_COOKIE: z.enum(['off', 'strict', 'lax', 'none']).default('off').meta({
    description:
      'Lets browsers keep the refresh token in an httpOnly cookie of this SameSite: strict, lax, or none for pages of another site. The pages must be of PUBLIC_URL or CORS_ORIGINS.',
  }),
  JWK_TTL: seconds(60, 3650 * DAY)
    .prefault(String(365 * DAY))
    .meta({ description: 'Seconds a generated signing key lives.' }),
  JWKS_MAX_AGE: seconds(1, DAY).prefault('300').meta({
    description: 'Seconds a verifier may cache the JWKS. A new key waits this long and 60 s before it signs.',
  }),
  SIGNUP: flag().prefault('on').meta({ description: '`off` refuses new accounts.' }),
  REQUIRE_VERIFIED_EMAIL: flag().prefault('off').meta({
    description:
      '`on` refuses the login of whoever has not verified their address; sign-up then signs nobody in.',
  }),
  EMAIL_EXISTS: flag().prefault('on').meta({
    description: '`off` tells nobody whether an address has an account; sign-up still refuses a taken one.',
  }),
  APP_URL: httpUrl().optional().meta({
    description: 'The application, to which the pages of mailed links lead on.',
    shownDefault: 'none',
  }),
  CAPTCHA_PROVIDER: z.enum(['turnstile', 'hcaptcha']).optional().meta({
    description: 'Captcha to be solved: turnstile (Cloudflare) or hcaptcha.',
    shownDefault: 'none',
  }),
  CAPTCHA_SECRET: text().optional().meta({
    description: "The provider's secret key. Required with CAPTCHA_PROVIDER.",
    secret: true,
  }),
  CAPTCHA_SITE_KEY: text().optional().meta({
    description:
      "The provider's site key, which clients find in `authConfig`. Required with CAPTCHA_PROVIDER.",
  }),
  CAPTCHA_FOR: list()
    .pipe(z.array(z.enum(captchaPurposes)).min(1))
    .prefault('resend,forgot_password')
    .meta({
      description: 'What needs a captcha: resend (of the verification mail), forgot_password, signup.',
    }),
  CAPTCHA_VERIFY_URL: httpUrl().optional().meta({
    description: 'Where solutions are checked.',
    shownDefault: "the provider's",
  }),
  PASSWORD_MIN_LENGTH: integer(1, 128)
    .prefault('8')
    .meta({ description: 'Characters a password must have.' }),
  PASSWORD_HASH_CONCURRENCY: integer(1, 64).optional().meta({
    description: 'Passwords hashed at once.',
    shownDefault: 'the cores, at most UV_THREADPOOL_SIZE - 2',
  }),
  UV_THREADPOOL_SIZE: integer(1, 1024).prefault('4').meta({
    description:
      "Node's own: threads for hashing, signing and files. Set it to the cores plus two where there are more than two.",
  }),
  PASSWORD_HASH_QUEUE: integer(1, 10_000).prefault('150').meta({
    description: 'Hashes that may wait; more are refused with `busy`.',
  }),
  RATE_LIMITS: flag()
    .prefault('on')
    .meta({ description: '`off` for benchmarks only; refused in production.' }),
  LIMIT_LOGIN_PER_ACCOUNT: limit().prefault('10/900').meta({
    description: 'Failed logins per account: count/seconds.',
  }),
  LIMIT_LOGIN_PER_ADDRESS: limit().prefault('300/300').meta({
    description: 'Logins per client address (IPv6: per /64).',
  }),
  LIMIT_LOGIN_UNADDRESSED: limit().prefault('6000/300').meta({
    description: 'Logins, all together, whose client address is not known (behind Hasura).',
  }),
  LIMIT_SIGNUP_PER_ADDRESS: limit().prefault('60/3600').meta({ description: 'Sign-ups per client address.' }),
  LIMIT_SIGNUP_UNADDRESSED: limit().prefault('1200/3600').meta({
    description: 'Sign-ups, all together, whose client address is not known (behind Hasura).',
  }),
  LIMIT_PASSWORD_RESET_PER_ADDRESS: limit().prefault('60/3600').meta({
    description: 'Requests for a password reset per client address.',
  }),
  LIMIT_PASSWORD_RESET_UNADDRESSED: limit().prefault('1200/3600').meta({
    description:
      'Requests for a password reset, all together, whose client address is not known (behind Hasura).',
  }),
  LIMIT_EMAIL_EXISTS_PER_ADDRESS: limit().prefault('30/300').meta({
    description: 'Questions whether an address has an account, per client address.',
  }),
  LIMIT_EMAIL_EXISTS_UNADDRESSED: limit().prefault('600/300').meta({
    description: 'Such questions, all together, whose client address is not known (behind Hasura).',
  }),
  LIMIT_EMAIL_CHANGES_PER_USER: limit().prefault('10/86400').meta({
    description: 'Changes of the email address that one person may ask for.',
  }),
  LIMIT_TEAMS_PER_USER: limit().prefault('50/86400').meta({ description: 'Teams one person may create.' }),
  LIMIT_PROJECTS_PER_USER: limit().prefault('500/86400').meta({
    description: 'Projects one person may create.',
  }),
  LIMIT_INVITES_PER_TEAM: limit().prefault('200/86400').meta({
    description: 'Addresses that may be invited to one team, repeats included.',
  }),
  LIMIT_INVITES_PER_INVITER: limit().prefault('200/86400').meta({
    description: 'Addresses that one person may invite, whatever the team.',
  }),
  INVITE_TTL: seconds(60, 365 * DAY)
    .prefault(String(7 * DAY))
    .meta({ description: 'Seconds an invite is good. Inviting again starts them anew.' }),
  TRUSTED_PROXIES: list()
    .refine(isProxyList, 'must be addresses, CIDR ranges, loopback, linklocal, uniquelocal or hasura')
    .prefault('')
    .meta({
      description:
        'Proxies whose X-Forwarded-For counts: addresses and CIDR ranges, `loopback`, `linklocal`, `uniquelocal`; add `hasura` when Hasura itself stands behind such a proxy.',
      shownDefault: 'none',
    }),
  CORS_ORIGINS: list()
    .pipe(z.array(z.url().or(z.literal('*'))))
    .prefault('')
    .meta({
      description: 'Origins, separated by commas, whose pages may call the gateway.',
      shownDefault: 'none',
    }),
  MAX_BODY_BYTES: integer(1024, 10_485_760).prefault('1048576').meta({
    description: 'Bytes a request body may have.',
  }),
  MAX_CONCURRENT_REQUESTS: integer(1, 100_000).prefault('1000').meta({
    description: 'Requests that may be in the works at once; more are refused with `busy`.',
  }),
  GRAPHQL_MAX_DEPTH: integer(1, 100)
    .prefault('8')
    .meta({ description: 'Levels a GraphQL operation may nest.' }),
  GRAPHQL_MAX_ALIASES: integer(0, 10_000).prefault('15').meta({
    description: 'Aliases an operation may use. Hasura is exempt: its remote joins need one per row.',
  }),
  GRAPHQL_MAX_TOKENS: integer(10, 100_000).prefault('1000').meta({
    description: 'Tokens a GraphQL document may have.',
  }),
  GRAPHQL_MAX_COST: integer(10, 1_000_000).prefault('1000').meta({
    description: 'Cost an operation may have: one a field, more the deeper.',
  }),
  GRAPHIQL: flag().optional().meta({
    description: 'GraphiQL at /graphql.',
    shownDefault: 'on; off in production',
  }),
  GRAPHQL_INTROSPECTION: flag().optional().meta({
    description: 'Introspection for everybody. Hasura is always answered.',
    shownDefault: 'on; off in production',
  }),
  SWAGGER: flag().optional().meta({
    description:
      'The HTTP endpoints, to be read and tried, at /swagger. Their description is always at /openapi.json.',
    shownDefault: 'on; off in production',
  }),
  HASURA_UNAUTHORIZED_ROLE: text().default('anonymous').meta({
    description: "Hasura's HASURA_GRAPHQL_UNAUTHORIZED_ROLE: session variables of this role never count.",
  }),
  ENS_RPC_URLS: list().pipe(z.array(httpUrl())).prefault('').meta({
    description: 'Ethereum JSON-RPC endpoints, separated by commas, tried in order.',
    shownDefault: 'none: ENS is off',
    secret: true,
  }),
  ENS_CHAIN_ID: integer(1, Number.MAX_SAFE_INTEGER)
    .prefault('1')
    .meta({ description: 'Chain the endpoints must be on.' }),
  ENS_REGISTRY: ethereumAddress().default(MAINNET_ENS_REGISTRY).meta({ description: 'ENS registry.' }),
  ENS_UNIVERSAL_RESOLVER: ethereumAddress().optional().meta({
    description: 'ENS universal resolver, where one is to be used instead of the registry.',
    shownDefault: 'none',
  }),
  ENS_PRODUCTION_NAME: text().default(DEFAULT_PRODUCTION_NAME).meta({
    description: 'ENS name of the production contract.',
  }),
  ENS_STAGING_NAME: text().default(DEFAULT_STAGING_NAME).meta({
    description: 'ENS name of the staging contract.',
  }),
  ENS_TIMEOUT_MS: integer(50, 60_000).prefault('4000').meta({
    description: 'Milliseconds one endpoint may take.',
  }),
  SMTP_URL: z
    .union([z.literal('off'), z.url({ protocol: /^smtps?$/, hostname: /./ })], {
      error: 'must be an smtp or smtps URL, or off',
    })
    .optional()
    .meta({
      description:
        'Mail server: `smtp://` (STARTTLS where offered) or `smtps://`, with user and password; `off` drops every mail. Required in production.',
      shownDefault: 'an inbox page, to this machine only',
      secret: true,
    }),
  MAIL_FROM: text()
    .regex(/^(?:[^\p{Cc}<>]*<[^\s\p{Cc}<>@]+@[^\s\p{Cc}<>@]+>|[^\s\p{Cc}<>@]+@[^\s\p{Cc}<>@]+)$/u, {
      error: 'must look like no-reply@example.com or Portcullis <no-reply@example.com>',
    })
    .optional()
    .meta({
      description: 'Sender of every mail.',
      shownDefault: 'Portcullis <no-reply@(host of PUBLIC_URL)>',
    }),
  MAIL_LOCALE: text()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$/, 'must look like en, de or de-AT')
    .default('en')
    .meta({
      description: 'Language of the mails: `en` and `de` are built in; what it lacks is taken from `en`.',
    }),
  MAIL_TEMPLATES_DIR: text().optional().meta({
    description:
      'Folder whose files `<locale>/<kind>.{subject.txt,txt,html}` replace the built-in templates.',
    shownDefault: 'none',
  }),
  MAIL_CONCURRENCY: integer(1, 50).prefault('2').meta({ description: 'Mails a replica delivers at once.' }),
  LIMIT_MAIL_SPACING_SECONDS: integer(1, 86_400).prefault('60').meta({
    description: 'Seconds between two mails of one kind to one address.',
  }),
  LIMIT_MAIL_PER_RECIPIENT: limit().prefault('20/86400').meta({
    description: 'Mails that requests may cause to one address, known or not: count/seconds.',
  }),
  HOUSEKEEPING_SECONDS: integer(1, DAY).prefault('30').meta({
    description:
      'Seconds between rounds of housekeeping: a successor for an ending key, pruning what expired.',
  }),
  SECURITY_EVENT_DAYS: integer(1, 36_500).prefault('365').meta({
    description: 'Days for which security events are kept.',
  }),
  SHUTDOWN_TIMEOUT_MS: integer(0, 600_000).prefault('10000').meta({
    description: 'Milliseconds that requests in flight may take at shutdown.',
  }),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info').meta({
    description: 'Least severe level that is logged.',
  }),
});

export type Environment = z.output<typeof environment>;
