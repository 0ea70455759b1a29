import type { Mutation } from '../mutation.ts';

const CALLER = 'src/request/caller.ts';
const SESSIONS = 'src/sessions/sessions.ts';
const COOKIE = 'src/request/refresh-cookie.ts';

/** How the gateway identifies the caller (hasura/README.md, "Session variables" and "The shared secret"). */
export const callers: readonly Mutation[] = [
  {
    breaks: 'the gateway trusts session variables in Hasura’s unauthorized role',
    file: CALLER,
    from: 'config.roles.declared.includes(role) && role !== config.hasuraUnauthorizedRole',
    to: 'config.roles.declared.includes(role)',
    scenarios: ['configuration'],
  },
  {
    breaks: 'the gateway trusts session variables in every role but admin',
    file: CALLER,
    from: 'if (!isUserRole(deps, role)) return null;',
    to: "if (role === 'admin') return null;",
    scenarios: ['identity'],
  },
  {
    breaks: 'the gateway trusts session variables without the secret',
    file: CALLER,
    from: 'fromHasura ? hasuraViewer(deps, by, headers) : bearerViewer(deps, by, headers)',
    to: 'hasuraViewer(deps, by, headers)',
    scenarios: ['direct'],
  },
  {
    breaks: 'x-hasura-role: admin makes a client the operator without the secret',
    file: CALLER,
    from: 'isOperator: fromHasura && isAdmin(deps, headers)',
    to: 'isOperator: isAdmin(deps, headers)',
    scenarios: ['direct'],
  },
  {
    breaks: 'the gateway takes every role of Hasura for the operator',
    file: CALLER,
    from: "headerText(headers, 'x-hasura-role') === 'admin' && deps",
    to: 'deps',
    scenarios: ['trust'],
  },
  {
    breaks: 'the gateway accepts a wrong secret',
    file: CALLER,
    from: 'if (isOneOf(deps.config.internalSecrets, secret)) return true;',
    to: 'return true;',
    scenarios: ['direct'],
  },
  {
    breaks: 'the gateway treats a wrong secret as a missing one instead of refusing it',
    file: CALLER,
    from: 'if (isOneOf(deps.config.internalSecrets, secret)) return true;',
    to: 'return isOneOf(deps.config.internalSecrets, secret);',
    scenarios: ['direct'],
  },
  {
    breaks: 'the gateway accepts a token of another user than in the session variables',
    file: CALLER,
    from: 'verified.userId === userId && ',
    to: '',
    scenarios: ['trust'],
  },
  {
    breaks: 'the gateway accepts a token of another session than in the session variables',
    file: CALLER,
    from: ' && (sessionId === null || verified.sessionId === sessionId)',
    to: '',
    scenarios: ['trust'],
  },
  {
    breaks: 'the gateway ignores an invalid token beside session variables',
    file: CALLER,
    from: 'if (!(error instanceof TokenError)) throw error;',
    to: 'if (!(error instanceof TokenError)) throw error;\n    return null;',
    scenarios: ['trust'],
  },
  {
    breaks: 'the gateway allows less clock skew than Hasura',
    file: CALLER,
    from: 'ALLOWED_SKEW_SECONDS = 30',
    to: 'ALLOWED_SKEW_SECONDS = 0',
    scenarios: ['accounts'],
  },
  {
    breaks: 'the gateway does not check the signing key of a token that Hasura accepted',
    file: CALLER,
    from: 'const keyId = verified?.keyId ?? null;',
    to: 'const keyId = null;',
    scenarios: ['console'],
  },
  {
    breaks: 'the gateway does not check the expiry of a signing key',
    file: SESSIONS,
    from: '.expiresAt} > now()))`',
    to: '.expiresAt} is not null))`',
    scenarios: ['console'],
  },
  {
    breaks: 'the gateway accepts a revoked session',
    file: SESSIONS,
    from: 'isNull(sessions.revokedAt),\n        isNull(users.disabledAt),',
    to: 'isNull(users.disabledAt),',
    scenarios: ['accounts'],
  },
  {
    breaks: 'the gateway accepts a session of a disabled account',
    file: SESSIONS,
    from: 'isNull(sessions.revokedAt),\n        isNull(users.disabledAt),',
    to: 'isNull(sessions.revokedAt),',
    scenarios: ['trust'],
  },
  {
    breaks: 'an operator acts as a user whose account is disabled',
    file: 'src/flows/shared/authenticate.ts',
    from: 'if (user === null || user.disabledAt !== null)',
    to: 'if (user === null)',
    scenarios: ['trust'],
  },
  {
    breaks: 'every client behind Hasura has the same address',
    file: CALLER,
    from: 'deps.readClientAddress(request, fromHasura)',
    to: 'deps.readClientAddress(request, false)',
    scenarios: ['direct'],
  },
  {
    breaks: 'a session stores the user agent of Hasura',
    file: CALLER,
    from: "fromHasura ? 'x-forwarded-user-agent' : 'user-agent'",
    to: "'user-agent'",
    scenarios: ['identity'],
  },
  {
    breaks: 'the gateway reads the page’s origin from a header that Hasura does not forward',
    file: COOKIE,
    from: "fromHasura ? 'x-forwarded-origin' : 'origin'",
    to: "'origin'",
    scenarios: ['identity'],
  },
  {
    breaks: 'the gateway sets the refresh cookie for a page of any origin',
    file: COOKIE,
    from: "typeof header !== 'string' || !allowed.includes(header)",
    to: "typeof header !== 'string'",
    scenarios: ['identity'],
  },
];
