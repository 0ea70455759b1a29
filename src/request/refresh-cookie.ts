import type { IncomingMessage, ServerResponse } from 'node:http';
import { serialize } from 'hono/utils/cookie';
import { AuthError } from '../errors.ts';
import { DEVICE_MARK_SECONDS } from '../sessions/device-marks.ts';
import type { GatewayDeps } from './deps.ts';

/** The cookies with a browser's refresh token and its device mark. The scripts of pages cannot read them. */
export type RefreshCookie = {
  isPresent(): boolean;
  /** Reads the refresh token; null without one. @throws AuthError `feature_disabled`, `cross_site_request` */
  read(): string | null;
  /** Sets the cookie to a refresh token. @throws AuthError `feature_disabled`, `cross_site_request` */
  write(refreshToken: string): void;
  clear(): void;
  /** Reads the device mark of the browser; null if it is missing, or if a page of another site sent the request. */
  readDevice(): string | null;
  /** Sets the cookie with the device mark. @throws AuthError `feature_disabled`, `cross_site_request` */
  writeDevice(cookie: string): void;
};

/** The maximum length of a cookie's value. A refresh token is shorter. */
const MAX_VALUE_LENGTH = 512;

/** Reads the first cookie of a name (RFC 6265bis 4.2.1); null if it is missing, empty or too long. */
function readCookie(header: string, name: string): string | null {
  const pair = header
    .split(';')
    .map((cookie) => cookie.trim())
    .find((cookie) => cookie.startsWith(`${name}=`));
  const value = pair?.slice(name.length + 1) ?? '';
  return value === '' || value.length > MAX_VALUE_LENGTH ? null : value;
}

/**
 * Creates access to the cookies of a request. The browser sends them by itself, even if a page of another site causes the
 * request. So they count only for pages of the gateway and of the configured origins (OWASP CSRF Cheat Sheet, "Verifying
 * Origin").
 *
 * Hasura replaces the Origin header, and keeps a copy in X-Forwarded-Origin. If Hasura lists our origins, no page of another
 * site can send this header itself (hasura/README.md, "Forwarded headers"). Hasura also passes Set-Cookie on, for answers
 * without errors.
 */
export function refreshCookie(
  deps: GatewayDeps,
  request: IncomingMessage,
  response: ServerResponse,
  fromHasura: boolean,
): RefreshCookie {
  const { publicUrl, refreshCookie: sameSite, http } = deps.config;
  const secure = publicUrl.startsWith('https:');
  // The prefix makes browsers refuse a cookie of this name from a subdomain or without TLS (RFC 6265bis 4.1.3).
  const [name, deviceName] = ['refresh', 'device'].map(
    (kind) => `${secure ? '__Host-' : ''}portcullis-${kind}`,
  ) as [string, string];

  function requireOwnPage(): void {
    if (sameSite === 'off')
      throw new AuthError('feature_disabled', {
        attribute: 'cookie',
        message: 'Cookies are switched off here.',
      });
    const header = request.headers[fromHasura ? 'x-forwarded-origin' : 'origin'];
    const allowed = [new URL(publicUrl).origin, ...http.corsOrigins.filter((origin) => origin !== '*')];
    if (typeof header !== 'string' || !allowed.includes(header)) throw new AuthError('cross_site_request');
  }

  function set(value: string, maxAge: number, cookie = name): void {
    const attributes = {
      httpOnly: true,
      secure,
      sameSite: sameSite === 'off' ? 'lax' : sameSite,
      path: '/',
    } as const;
    response.appendHeader('set-cookie', serialize(cookie, value, { ...attributes, maxAge }));
  }

  const stored = (cookie = name) => readCookie(request.headers.cookie ?? '', cookie);
  return {
    isPresent: () => stored() !== null,
    read() {
      requireOwnPage();
      return stored();
    },
    write(refreshToken) {
      requireOwnPage();
      set(refreshToken, deps.config.sessions.refreshTtlSeconds);
    },
    clear: () => set('', 0),
    readDevice() {
      try {
        requireOwnPage();
      } catch {
        return null; // the browser sends it by itself, and a login does not need it
      }
      return stored(deviceName);
    },
    writeDevice(cookie) {
      requireOwnPage();
      set(cookie, DEVICE_MARK_SECONDS, deviceName);
    },
  };
}
