import type { Mutation } from '../mutation.ts';

const CALLER = 'src/request/caller.ts';
const SESSIONS = 'src/sessions/sessions.ts';
const COOKIE = 'src/request/refresh-cookie.ts';

/** Whom the gateway believes to be calling (hasura/README.md, "Session variables" and "The shared secret"). */
export const callers: readonly Mutation[] = [
  {
    breaks: 'the role of requests without a token is anybody’s, and the gateway believes it',
    file: CALLER,
    from: "if (role !== 'user' || role === deps.config.hasuraUnauthorizedRole) return null;",
    to: "if (role !== 'user') return null;",
    scenarios: ['stand-in'],
  },
  {
    breaks: 'in whatever role, whoever names somebody is them',
    file: CALLER,
    from: "if (role !== 'user' || role === deps.config.hasuraUnauthorizedRole) return null;",
    to: "if (role === 'admin') return null;",
    scenarios: ['identity'],
  },
  {
    breaks: 'session headers count without the secret',
    file: CALLER,
    from: 'fromHasura ? hasuraViewer(deps, by, headers) : bearerViewer(deps, by, headers)',
    to: 'hasuraViewer(deps, by, headers)',
    scenarios: ['direct'],
  },
  {
    breaks: 'x-hasura-role: admin makes an operator without the secret',
    file: CALLER,
    from: 'isOperator: fromHasura && isAdmin(deps, headers)',
    to: 'isOperator: isAdmin(deps, headers)',
    scenarios: ['direct'],
  },
  {
    breaks: 'every role of Hasura is the operator',
    file: CALLER,
    from: "headerText(headers, 'x-hasura-role') === 'admin' && deps",
    to: 'deps',
    scenarios: ['trust'],
  },
  {
    breaks: 'any secret is the shared one',
    file: CALLER,
    from: 'if (isOneOf(deps.config.internalSecrets, secret)) return true;',
    to: 'return true;',
    scenarios: ['direct'],
  },
  {
    breaks: 'a wrong secret is as good as none, so that nobody notices it',
    file: CALLER,
    from: 'if (isOneOf(deps.config.internalSecrets, secret)) return true;',
    to: 'return isOneOf(deps.config.internalSecrets, secret);',
    scenarios: ['direct'],
  },
  {
    breaks: 'a token may be of another user than the session variables',
    file: CALLER,
    from: 'verified.userId === userId && ',
    to: '',
    scenarios: ['trust'],
  },
  {
    breaks: 'a token may be of another session than the session variables',
    file: CALLER,
    from: ' && (sessionId === null || verified.sessionId === sessionId)',
    to: '',
    scenarios: ['trust'],
  },
  {
    breaks: 'a token that is none of ours goes unnoticed beside session variables',
    file: CALLER,
    from: 'if (!(error instanceof TokenError)) throw error;',
    to: 'if (!(error instanceof TokenError)) throw error;\n    return null;',
    scenarios: ['trust'],
  },
  {
    breaks: 'the gateway allows less skew than Hasura',
    file: CALLER,
    from: 'ALLOWED_SKEW_SECONDS = 30',
    to: 'ALLOWED_SKEW_SECONDS = 0',
    scenarios: ['accounts'],
  },
  {
    breaks: 'the key of a token that Hasura let pass is not looked at',
    file: CALLER,
    from: 'const keyId = verified?.keyId ?? null;',
    to: 'const keyId = null;',
    scenarios: ['console'],
  },
  {
    breaks: 'a key’s expiry is not looked at',
    file: SESSIONS,
    from: '.expiresAt} > now()))`',
    to: '.expiresAt} is not null))`',
    scenarios: ['console'],
  },
  {
    breaks: 'a session that was ended goes on',
    file: SESSIONS,
    from: 'isNull(sessions.revokedAt),\n        isNull(users.disabledAt),',
    to: 'isNull(users.disabledAt),',
    scenarios: ['accounts'],
  },
  {
    breaks: 'a session of a disabled account goes on',
    file: SESSIONS,
    from: 'isNull(sessions.revokedAt),\n        isNull(users.disabledAt),',
    to: 'isNull(sessions.revokedAt),',
    scenarios: ['trust'],
  },
  {
    breaks: 'an operator acts as somebody whose account is disabled',
    file: 'src/flows/shared/authenticate.ts',
    from: 'if (user === null || user.disabledAt !== null)',
    to: 'if (user === null)',
    scenarios: ['trust'],
  },
  {
    breaks: 'all who come through Hasura have one address',
    file: CALLER,
    from: 'deps.readClientAddress(request, fromHasura)',
    to: 'deps.readClientAddress(request, false)',
    scenarios: ['direct'],
  },
  {
    breaks: 'a session remembers Hasura as the browser',
    file: CALLER,
    from: "fromHasura ? 'x-forwarded-user-agent' : 'user-agent'",
    to: "'user-agent'",
    scenarios: ['identity'],
  },
  {
    breaks: 'the refresh cookie looks for the page’s origin where Hasura does not put it',
    file: COOKIE,
    from: "fromHasura ? 'x-forwarded-origin' : 'origin'",
    to: "'origin'",
    scenarios: ['identity'],
  },
  {
    breaks: 'the refresh cookie is set for a page of elsewhere',
    file: COOKIE,
    from: "typeof header !== 'string' || !allowed.includes(header)",
    to: "typeof header !== 'string'",
    scenarios: ['identity'],
  },
];
