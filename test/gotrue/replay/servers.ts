import { startSmtp, type TestSmtp } from '../../mail/smtp.ts';
import { PUBLIC_URL, startGateway, type TestGateway } from '../../support/gateway.ts';
import { type OidcServer, startOidcServer } from '../../support/providers/oidc-server.ts';
import { JWT_SECRET } from '../administrators.ts';
import type { ServerName } from './recordings.ts';

export type Server = { gateway: TestGateway; smtp: TestSmtp; provider: OidcServer };
export type Servers = Readonly<Record<ServerName, Server>>;

/** The code that every test number receives. */
export const PHONE_CODE = '135790';

const TEST_NUMBERS = Array.from({ length: 30 }, (_, index) => `150055510${String(index).padStart(2, '0')}`);

const COMMON = {
  DIALECTS: 'portal,teams,gotrue',
  APP_URL: 'https://app.example.com',
  REDIRECT_URLS: [
    'https://app.example.com/**',
    'https://*.example.org/welcome',
    'https://preview.example.net/**',
    'myapp://login',
  ].join(','),
  ACCESS_TOKEN_TTL: '3600',
  GOTRUE_JWT_SECRET: JWT_SECRET,
  PASSWORD_MIN_LENGTH: '6',
  // One connection at a time: mails arrive in the order in which they were queued.
  MAIL_CONCURRENCY: '1',
};

const PHONES = {
  SMS_PROVIDER: 'test',
  SMS_TEST_CODES: TEST_NUMBERS.map((number) => `${number}=${PHONE_CODE}`).join(','),
};

/** Where the provider sends people back. */
export const REDIRECT_URI = `${PUBLIC_URL}/callback`;

/** A provider on this machine stands for the Keycloak of the recordings. */
const providerOf = ({ url, clientId, clientSecret }: OidcServer) => ({
  ALLOW_PRIVATE_ADDRESSES: 'loopback',
  OAUTH_PROVIDERS: JSON.stringify([{ name: 'keycloak', authorizationUrl: url, clientId, clientSecret }]),
});

// How the four recorded servers were set up. RATE_LIMITS=off stands for their limits by a header that no client sent.
const SETTINGS: Readonly<Record<ServerName, Record<string, string>>> = {
  main: { ...PHONES, ANONYMOUS_SIGN_IN: 'on', REFRESH_REUSE_INTERVAL: '0', RATE_LIMITS: 'off' },
  auto: {
    ...PHONES,
    ANONYMOUS_SIGN_IN: 'on',
    AUTOCONFIRM: 'email,phone',
    REFRESH_REUSE_INTERVAL: '10',
    RATE_LIMITS: 'off',
  },
  strict: {
    PASSWORD_MIN_LENGTH: '10',
    PASSWORD_REQUIRED_CHARACTERS: 'abcdefghijklmnopqrstuvwxyz:ABCDEFGHIJKLMNOPQRSTUVWXYZ:0123456789',
    LIMIT_MAIL_SPACING_SECONDS: '60',
    MAIL_CODE_TTL: '3',
    SECURE_EMAIL_CHANGE: 'off',
    REQUIRE_CURRENT_PASSWORD: 'on',
    REQUIRE_REAUTHENTICATION: 'on',
    TRUSTED_PROXIES: 'loopback',
  },
  closed: { SIGNUP: 'off', RATE_LIMITS: 'off' },
};

/** Starts the four servers of the recordings, each on a database and a mail server of its own. */
export async function startServers(): Promise<Servers & { close(): Promise<void> }> {
  const start = async (name: ServerName): Promise<Server> => {
    const smtp = await startSmtp();
    const provider = await startOidcServer(REDIRECT_URI);
    const gateway = await startGateway({
      env: { ...COMMON, SMTP_URL: smtp.url, ...providerOf(provider), ...SETTINGS[name] },
    });
    return { gateway, smtp, provider };
  };
  const [main, auto, strict, closed] = await Promise.all([
    start('main'),
    start('auto'),
    start('strict'),
    start('closed'),
  ]);
  const all = [main, auto, strict, closed];
  return {
    main,
    auto,
    strict,
    closed,
    async close() {
      await Promise.all(all.map(({ gateway }) => gateway.close()));
      await Promise.all(all.flatMap(({ smtp, provider }) => [smtp.stop(), provider.close()]));
    },
  };
}
