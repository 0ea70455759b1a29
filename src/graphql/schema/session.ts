import { isUuid } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import {
  logout,
  logoutByRefreshToken,
  type logoutScopes,
  revokeSession,
} from '../../flows/sign-in/logout.ts';
import { firstFactorViewerOrNull } from '../../request/viewer.ts';
import { listSessions, type Session } from '../../sessions/sessions.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { checkAccountToken, requireAccountHolder, requireFirstFactor, requireViewer } from '../viewer.ts';

const LogoutScopeType = builder.enumType('LogoutScope', {
  description: 'The sessions that `logout` ends.',
  values: {
    LOCAL: { description: 'The current session.' },
    GLOBAL: { description: 'All sessions of the user. Those of personal access tokens stay.' },
    OTHERS: {
      description: 'All sessions of the user except the current one. Those of personal access tokens stay.',
    },
  } satisfies Record<(typeof logoutScopes)[number], { description: string }>,
});

const LogoutInput = builder.inputType('LogoutInput', {
  description: 'Input of `logout`: the sessions to end.',
  fields: (t) => ({
    scope: t.field({
      type: LogoutScopeType,
      description: 'The sessions to end; LOCAL unless given. GLOBAL and OTHERS need an access token.',
    }),
    refreshToken: t.string({
      description:
        'The refresh token of the session to end. With it, `logout` needs no access token. Only for the scope LOCAL.',
    }),
  }),
});

const LogoutPayload = builder.objectRef<{ sessionsEnded: number }>('LogoutPayload');

LogoutPayload.implement({
  description: 'The answer of `logout` and `revokeSession`.',
  fields: (t) => ({
    sessionsEnded: t.exposeInt('sessionsEnded', {
      description: 'The number of sessions that ended; 0 if they had ended before.',
    }),
  }),
});

builder.mutationField('logout', (t) =>
  t.field({
    type: LogoutPayload,
    description: paragraphs(
      'Logs out: ends the current session, or other sessions of the current user.',
      'The client shows the current session by an access token, a team token, `refreshToken` or the cookie. If the access token has expired, send the refresh token without an `Authorization` header.',
      'The gateway refuses the tokens of an ended session at once. Hasura accepts them until they expire, but its `portcullis_*` tables show no rows. The gateway also deletes the cookie.',
      'Error codes: `unauthenticated`, `permission_denied` (for a personal access token; for a team token, unless the scope is LOCAL), `cross_site_request` (for the cookie).',
    ),
    args: {
      input: t.arg({
        type: LogoutInput,
        description: 'The sessions to end. Leave it out for the current session.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller, cookie }) => {
      const scope = input?.scope ?? 'LOCAL';
      const inCookie = deps.config.refreshCookie !== 'off' && cookie.isPresent() ? cookie.read() : null;
      if (inCookie !== null) cookie.clear();
      if (scope !== 'LOCAL' || (inCookie === null && !input?.refreshToken)) {
        const viewer = await requireFirstFactor(caller);
        if (scope !== 'LOCAL') checkAccountToken(viewer);
        return { sessionsEnded: await logout(deps, viewer, { scope }) };
      }
      // The browser sends the cookie by itself, and it may be an old one. So the session of the access token ends too.
      const viewer = input?.refreshToken ? null : await firstFactorViewerOrNull(caller);
      let sessionsEnded = viewer === null ? 0 : await logout(deps, viewer, { scope });
      for (const token of [input?.refreshToken, inCookie])
        if (token) sessionsEnded += await logoutByRefreshToken(deps, caller, { refreshToken: token });
      return { sessionsEnded };
    },
  }),
);

const SessionType = builder.objectRef<Session>('Session');

SessionType.implement({
  description: 'A session of a user: it begins with a sign-in on one device.',
  fields: (t) => ({
    id: t.exposeID('id', {
      description: 'The id of the session, a UUID. Its tokens carry it as `x-hasura-session-id`.',
    }),
    current: t.boolean({
      description: 'Whether this is the current session: the one of the token that the client sends.',
      resolve: async ({ id }, _args, { caller }) => (await caller.viewer())?.sessionId === id,
    }),
    userAgent: t.exposeString('userAgent', {
      nullable: true,
      description: 'The user agent of the device. Null if the gateway does not know it.',
    }),
    address: t.exposeString('address', {
      nullable: true,
      description: 'The IP address of the sign-in. Null if the gateway does not know it.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When the session began.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      description: 'When the session last got new tokens.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When the session ends at the latest.',
    }),
  }),
});

builder.queryField('sessions', (t) =>
  t.field({
    type: [SessionType],
    description: paragraphs(
      'The sessions of the current user that have not ended, the last used one first; at most 100. `accessTokens` lists those of programs.',
      'Error codes: `unauthenticated`.',
    ),
    resolve: async (_root, _args, { deps, caller }) =>
      listSessions(deps.db, (await requireViewer(caller)).user.id),
  }),
);

const RevokeSessionInput = builder.inputType('RevokeSessionInput', {
  description: 'Input of `revokeSession`: the session to end.',
  fields: (t) => ({
    sessionId: t.id({ required: true, description: 'The id of the session, as `Session.id`.' }),
  }),
});

builder.mutationField('revokeSession', (t) =>
  t.field({
    type: LogoutPayload,
    description: paragraphs(
      'Revokes one session of the current user: it ends at once.',
      '`sessions` lists all of them. On `not_found`, the session has ended, or it belongs to another user.',
      'Error codes: `unauthenticated`, `permission_denied` (for a team token or a personal access token), `invalid` (`sessionId`), `not_found` (`sessionId`).',
    ),
    args: { input: t.arg({ type: RevokeSessionInput, required: true, description: 'The session to end.' }) },
    resolve: async (_root, { input: { sessionId } }, { deps, caller }) => {
      const viewer = await requireAccountHolder(caller);
      if (!isUuid(sessionId)) throw new AuthError('invalid', { attribute: 'sessionId' });
      await revokeSession(deps, viewer, { sessionId });
      return { sessionsEnded: 1 };
    },
  }),
);
