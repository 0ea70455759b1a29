import type { IncomingMessage, ServerResponse } from 'node:http';
import { parse, serialize } from 'hono/utils/cookie';
import type { Config } from '../config/config.ts';
import { isRandomSecret } from '../identities/attempt-secrets.ts';

/** Seconds for which a browser keeps the secret: longer than a sign-in at a provider may last. */
const KEEP_SECONDS = 600;

/** How a provider sends the browser back. A form of another site brings no cookie with SameSite=Lax. */
export type WayBack = 'link' | 'form';

/** The prefix makes browsers refuse a cookie of this name from a subdomain or without TLS (RFC 6265bis 4.1.3). */
const nameOf = (isSecure: boolean, wayBack: WayBack): string =>
  `${isSecure ? '__Host-' : ''}portcullis-provider-${wayBack}`;

/** The secret that binds sign-ins at providers to a browser, in a cookie that scripts cannot read. */
export function browserSecret(
  { publicUrl }: Pick<Config, 'publicUrl'>,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const secure = publicUrl.startsWith('https:');
  return {
    /** Reads the secret; null without one. */
    read(wayBack: WayBack): string | null {
      const name = nameOf(secure, wayBack);
      const value = parse(request.headers.cookie ?? '', name)[name] ?? '';
      return isRandomSecret(value) ? value : null;
    },
    write(wayBack: WayBack, secret: string): void {
      const attributes = { httpOnly: true, secure, path: '/', maxAge: KEEP_SECONDS } as const;
      // A form of another site needs None, which browsers take with TLS only.
      const sameSite = wayBack === 'form' && secure ? 'none' : 'lax';
      response.appendHeader(
        'set-cookie',
        serialize(nameOf(secure, wayBack), secret, { ...attributes, sameSite }),
      );
    },
  };
}
