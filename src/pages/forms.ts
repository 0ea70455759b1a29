import type { IncomingMessage } from 'node:http';
import { AuthError } from '../errors.ts';
import { readBody } from '../request/body.ts';
import type { GatewayDeps } from '../request/deps.ts';
import { requireForm } from '../request/media-type.ts';
import { parseForm } from '../request/url-encoded.ts';

/** Two passwords of 1,024 bytes, of which a form spells each with three. */
const MAX_FORM_BYTES = 16 * 1024;

/**
 * The fields of a form that was sent from one of these pages.
 *
 * The token in the page's address is the proof, and no cookie is looked at, so another site has nothing to gain from
 * sending a form here. One that says it comes from another site is refused all the same. A missing origin is let through,
 * and `null` too, which is what browsers say that must not tell where they come from (Fetch, "append a request Origin
 * header"); those of today tell Sec-Fetch-Site besides.
 *
 * @throws AuthError `cross_site_request`, `unsupported_media_type`, `payload_too_large`, `invalid_json`, `invalid_request`
 */
export async function readForm(
  deps: GatewayDeps,
  request: IncomingMessage,
): Promise<ReadonlyMap<string, string>> {
  if (isFromElsewhere(deps, request)) throw new AuthError('cross_site_request');
  requireForm(request);
  return parseForm(await readBody(request, MAX_FORM_BYTES));
}

function isFromElsewhere({ config }: GatewayDeps, { headers }: IncomingMessage): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const { origin } = headers;
  return origin !== undefined && origin !== 'null' && origin !== new URL(config.publicUrl).origin;
}
