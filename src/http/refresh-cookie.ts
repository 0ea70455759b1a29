import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse, serialize } from 'hono/utils/cookie';
import type { Deps } from '../deps.ts';
import { AuthError } from '../errors.ts';
import { DEVICE_MARK_SECONDS } from '../sessions/device-marks.ts';

/** A browser's refresh token and its mark, kept where its scripts cannot read them. */
export type RefreshCookie = {
  isPresent(): boolean;
  /** @throws AuthError `feature_disabled`, `cross_site_request` */
  read(): string | null;
  /** @throws AuthError `feature_disabled`, `cross_site_request` */
  write(refreshToken: string): void;
  clear(): void;
  /** The cookie that marks the browser; null where there is none, or where it came with a page of another site. */
  readDevice(): string | null;
  /** @throws AuthError `feature_disabled`, `cross_site_request` */
  writeDevice(cookie: string): void;
};

const originOf = (url: string): string => new URL(url).origin;

/**
 * The cookie comes along by itself, whoever's page sends the request: so it counts only for pages of the gateway and of
 * the configured origins (OWASP CSRF Cheat Sheet, "Verifying Origin"). Hasura replaces the header and keeps a copy in
 * X-Forwarded-Origin, which no page of elsewhere can send itself where Hasura lists ours (hasura/README.md, "Forwarded headers"). It also passes Set-Cookie on, for answers without errors.
 */
export function refreshCookie(
  deps: Deps,
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
    const allowed = [publicUrl, ...http.corsOrigins.filter((origin) => origin !== '*')].map(originOf);
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

  const stored = (cookie = name) => parse(request.headers.cookie ?? '', cookie)[cookie] || null;
  return {
    isPresent: () => stored() !== null,
    read() {
      requireOwnPage();
      return stored();
    },
    write(refreshToken) {
      requireOwnPage();
      set(refreshToken, deps.sessions.refreshTtlSeconds);
    },
    clear: () => set('', 0),
    readDevice() {
      try {
        requireOwnPage();
      } catch {
        return null; // it comes along by itself, and a login does without it
      }
      return stored(deviceName);
    },
    writeDevice(cookie) {
      requireOwnPage();
      set(cookie, DEVICE_MARK_SECONDS, deviceName);
    },
  };
}
