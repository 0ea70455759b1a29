import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';
import { readBody } from '../request/body.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { requireForm } from '../request/media-type.ts';
import { parseForm } from '../request/url-encoded.ts';

/** Two passwords of 1,024 bytes, each of which a form encodes as three. */
const MAX_FORM_BYTES = 16 * 1024;

/**
 * Reads the fields of a form that one of these pages sent.
 *
 * The proof is the token in the page's address, and not a cookie. Another site therefore gains nothing if it sends a form
 * here. A form from another site is refused in any case. A missing origin is accepted, and so is `null`: browsers send it if
 * they must not tell the origin (Fetch, "append a request Origin header"). Today's browsers send Sec-Fetch-Site too.
 *
 * @throws AuthError `cross_site_request`, `unsupported_media_type`, `payload_too_large`, `invalid_json`, `invalid_request`
 */
export async function readForm(
  deps: GatewayDeps,
  request: IncomingMessage,
): Promise<ReadonlyMap<string, string>> {
  if (isCrossSite(deps, request)) throw new AuthError('cross_site_request');
  requireForm(request);
  return parseForm(await readBody(request, MAX_FORM_BYTES));
}

function isCrossSite({ config }: GatewayDeps, { headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  return origin !== undefined && origin !== 'null' && origin !== new URL(config.publicUrl).origin;
}
