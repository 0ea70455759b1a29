import type { IncomingMessage } from 'node:http';
import { readQuery } from '../../request/url-encoded.ts';

/**
 * The parameters of `/authorize` that are not passed on to the provider: those that the gateway sets itself, and those that would change
 * how the answer comes back or who signs the request (RFC 6749, 7636, 9101; OAuth 2.0 Multiple Response Types).
 */
const RESERVED = new Set([
  ...[
    'client_id',
    'client_secret',
    'redirect_uri',
    'response_type',
    'response_mode',
    'scope',
    'state',
    'nonce',
  ],
  ...[
    'code',
    'code_challenge',
    'code_challenge_method',
    'code_verifier',
    'request',
    'request_uri',
    'registration',
  ],
  ...['provider', 'scopes', 'redirect_to', 'invite_token', 'ticket', 'skip_http_redirect', 'flow_type'],
  ...['client_assertion', 'client_assertion_type', 'dpop_jkt', 'claims', 'id_token_hint'],
]);

const MAX_PARAMETERS = 20;
const MAX_VALUE_LENGTH = 1000;
const NAME = /^[a-z][a-z0-9_.-]{0,63}$/i;
const PRINTABLE = /^[^\p{Cc}]*$/u;

/** The parameters of a request that go through to the provider: `prompt`, `login_hint`, … Names are compared in any case. */
export function passedParameters(request: IncomingMessage): Record<string, string> {
  const passed = [...readQuery(request)]
    .map(([name, [value = '']]) => [name, value] as const)
    .filter(([name, value]) => NAME.test(name) && !RESERVED.has(name.toLowerCase()) && isPlain(value));
  return Object.fromEntries(passed.slice(0, MAX_PARAMETERS));
}

const isPlain = (value: string): boolean => value.length <= MAX_VALUE_LENGTH && PRINTABLE.test(value);

/** A scope (RFC 6749 section 3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/;
const MAX_SCOPES = 50;

/** The scopes that a client adds, separated by spaces or commas. Others are left out. */
export const scopesIn = (text: string): string[] =>
  text
    .split(/[\s,]+/)
    .filter((scope) => SCOPE.test(scope))
    .slice(0, MAX_SCOPES);
