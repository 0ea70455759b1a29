import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { GatewayDeps } from '../../request/deps.ts';
import { readQuery } from '../../request/url-encoded.ts';
import { type Endpoint, endpoint } from '../endpoint.ts';
import { refuse } from './errors.ts';
import { type Grant, passwordGrant, pkceGrant, refreshGrant, TokenBody, web3Grant } from './grants.ts';
import { idTokenGrant } from './provider-grants.ts';
import { SessionSchema } from './schemas.ts';

const grants = new Map<string, Grant>([
  ['password', passwordGrant],
  ['refresh_token', refreshGrant],
  ['pkce', pkceGrant],
  ['id_token', idTokenGrant],
  ['web3', web3Grant],
]);

const unsupported = () => refuse(400, 'invalid_credentials', 'unsupported_grant_type');

/** The grant that the query names. It is refused before the body is read. */
function requireGrant(request: IncomingMessage): Grant {
  const grant = grants.get(readQuery(request).get('grant_type')?.[0] ?? '');
  if (grant === undefined) throw unsupported();
  return grant;
}

/** The endpoint where clients get sessions. */
export const tokenEndpoints = (deps: GatewayDeps): Endpoint[] => [
  endpoint({
    method: 'POST',
    path: '/token',
    docs: {
      operationId: 'goTrueToken',
      summary: 'Get a session for a password, a refresh token or a code',
      description:
        'Each grant reads its own attributes. The session is the one that GraphQL’s `login` opens, and `refresh` goes on with it. A refresh token may be repeated within REFRESH_REUSE_INTERVAL.',
      answers: { 200: { description: 'The session.', schema: SessionSchema } },
      errors: [
        ...(['invalid_credentials', 'account_disabled', 'email_not_verified', 'captcha_failed'] as const),
        ...([
          'phone_not_verified',
          'invalid_refresh_token',
          'refresh_token_reused',
          'invalid_code_verifier',
        ] as const),
        ...(['rate_limited', 'busy', 'unavailable', 'no_signing_key', 'claims_failed'] as const),
        refuse(422, 'phone_provider_disabled', ''),
        refuse(404, 'flow_state_not_found', ''),
        refuse(422, 'flow_state_expired', ''),
      ],
    },
    authenticate: ({ request }) => requireGrant(request),
    query: z.object({
      grant_type: z
        .string()
        .meta({ description: 'What the client gives: `password`, `refresh_token`, `pkce` or `id_token`.' }),
    }),
    body: TokenBody,
    handle: (call, c) => call.by(deps, call, c),
  }),
];
