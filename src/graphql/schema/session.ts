import { isUuid } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import type { SignedIn } from '../../flows/sign-in/complete-sign-in.ts';
import { login } from '../../flows/sign-in/login.ts';
import {
  logout,
  logoutByRefreshToken,
  type logoutScopes,
  revokeSession,
} from '../../flows/sign-in/logout.ts';
import { refresh } from '../../flows/sign-in/refresh.ts';
import { signup } from '../../flows/sign-in/signup.ts';
import { listSessions, type Session } from '../../sessions/sessions.ts';
import { builder } from '../builder.ts';
import type { Context } from '../context.ts';
import { requireAccountHolder, requireViewer, viewerOrNull } from '../viewer.ts';
import { UserType } from './user.ts';

/** What a sign-in yields, for an AuthPayload. */
export type AuthAnswer = Omit<SignedIn, 'refreshToken'> & { refreshToken: string | null };

/** Hands the refresh token out in the answer, or in the cookie and nowhere else. */
export function answer({ cookie }: Context, signedIn: SignedIn, inCookie: boolean): AuthAnswer {
  if (!inCookie) return signedIn;
  cookie.write(signedIn.refreshToken);
  return { ...signedIn, refreshToken: null };
}

export const AuthPayload = builder.objectRef<AuthAnswer>('AuthPayload');

AuthPayload.implement({
  description: 'What a sign-in yields.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', {
      description: 'A JWT for `Authorization: Bearer`, at the gateway and at Hasura.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When both tokens end.' }),
    refreshToken: t.exposeString('refreshToken', {
      nullable: true,
      description:
        'For `refresh`. Keep it secret: it stands for the whole session. Null where it is in a cookie.',
    }),
    teamToken: t.exposeString('teamToken', {
      nullable: true,
      description:
        'The access token with the active team in its claims; null while the person is in no team. It does not change the account or its sessions.',
    }),
    user: t.expose('user', { type: UserType, description: 'Who signed in.' }),
  }),
});

const LoginInput = builder.inputType('LoginInput', {
  description: 'Whom to sign in.',
  fields: (t) => ({
    email: t.string({ required: true, description: 'Case and surrounding spaces do not matter.' }),
    password: t.string({ required: true, description: 'Taken as it is, spaces included.' }),
    captchaToken: t.string({
      description: 'The solution of a captcha, once `login` asks for one: see `authConfig.captcha`.',
    }),
    cookie: t.boolean({
      description: 'True: the refresh token goes into an httpOnly cookie. Needs `authConfig.refreshCookie`.',
    }),
  }),
});

builder.mutationField('login', (t) =>
  t.field({
    type: AuthPayload,
    description:
      'Signs in. Codes: `required`, `invalid_credentials`, `account_disabled`, `email_not_verified`, `rate_limited`, `busy`; `required` or `captcha_failed` (captchaToken) and `unavailable` where many strangers sign in at once. Send it without an `Authorization` header: Hasura refuses an expired one.',
    args: { input: t.arg({ type: LoginInput, required: true, description: 'Email and password.' }) },
    resolve: async (_root, { input }, context) => {
      const { deps, caller, cookie } = context;
      if (input.cookie) cookie.read(); // refused before anything is done
      const { email, password } = input;
      const proof = { captchaToken: input.captchaToken ?? '', deviceCookie: cookie.readDevice() };
      const signedIn = await login(deps, caller, { email, password, ...proof });
      const answered = answer(context, signedIn, input.cookie ?? false);
      // A browser that keeps the session is known from now on. A sign-up proves nothing yet.
      if (input.cookie) cookie.writeDevice(deps.deviceMarks.add(signedIn.user, proof.deviceCookie));
      return answered;
    },
  }),
);

const SignupInput = builder.inputType('SignupInput', {
  description: 'Whom to register.',
  fields: (t) => ({
    email: t.string({ required: true, description: 'At most 254 characters.' }),
    password: t.string({
      required: true,
      description: 'At least `authConfig.passwordMinLength` characters.',
    }),
    name: t.string({ required: true, description: 'What the person wants to be called.' }),
    teamName: t.string({ description: 'Makes a team of this name, whose owner the person is.' }),
    captchaToken: t.string({ description: 'The solution, where `authConfig.captcha` asks for one.' }),
    cookie: t.boolean({
      description: 'True: the refresh token goes into an httpOnly cookie. Needs `authConfig.refreshCookie`.',
    }),
  }),
});

builder.mutationField('signup', (t) =>
  t.field({
    type: AuthPayload,
    description:
      'Registers a person and signs them in. Codes: `required`, `min_length`, `max_length`, `invalid`, `already_registered`, `signup_disabled`, `captcha_failed`, `rate_limited`, `busy`, `email_not_verified` (the account is made, and a mail on its way).',
    args: { input: t.arg({ type: SignupInput, required: true, description: 'The new account.' }) },
    resolve: async (_root, { input }, context) => {
      const { deps, caller, cookie } = context;
      if (input.cookie) cookie.read(); // refused before anything is done
      const signedIn = await signup(deps, caller, {
        ...input,
        teamName: input.teamName ?? null,
        captchaToken: input.captchaToken ?? '',
      });
      return answer(context, signedIn, input.cookie ?? false);
    },
  }),
);

const RefreshInput = builder.inputType('RefreshInput', {
  description: 'Which session to refresh.',
  fields: (t) => ({
    refreshToken: t.string({
      description: 'Without it the one in the cookie is taken, and its successor put there.',
    }),
  }),
});

builder.mutationField('refresh', (t) =>
  t.field({
    type: AuthPayload,
    description:
      'Exchanges a refresh token for new tokens; asking again within 30 seconds (REFRESH_REUSE_INTERVAL) gives the same successor, and so does a client that never got the answer, for a day. Codes: `required`, `invalid_refresh_token`, `refresh_token_reused`, `rate_limited`. Send it without an `Authorization` header: Hasura refuses an expired one.',
    args: { input: t.arg({ type: RefreshInput, description: 'May be left out where there is a cookie.' }) },
    resolve: async (_root, { input }, context) => {
      const { deps, caller, cookie } = context;
      const given = input?.refreshToken ?? null;
      const refreshToken = given ?? (deps.config.refreshCookie === 'off' ? '' : (cookie.read() ?? ''));
      return answer(context, await refresh(deps, caller, { refreshToken }), given === null);
    },
  }),
);

const LogoutScopeType = builder.enumType('LogoutScope', {
  description: 'Which sessions a logout ends.',
  values: {
    LOCAL: { description: 'This one.' },
    GLOBAL: { description: 'All of the person.' },
    OTHERS: { description: 'All of the person but this one.' },
  } satisfies Record<(typeof logoutScopes)[number], { description: string }>,
});

const LogoutInput = builder.inputType('LogoutInput', {
  description: 'How to log out.',
  fields: (t) => ({
    scope: t.field({
      type: LogoutScopeType,
      description: 'LOCAL unless given. The others need an access token.',
    }),
    refreshToken: t.string({
      description: 'Ends its session, for whoever has no good access token at hand.',
    }),
  }),
});

const LogoutPayload = builder.objectRef<{ sessionsEnded: number }>('LogoutPayload');

LogoutPayload.implement({
  description: 'What a logout did.',
  fields: (t) => ({
    sessionsEnded: t.exposeInt('sessionsEnded', {
      description: 'How many sessions it ended; 0 if they were over.',
    }),
  }),
});

builder.mutationField('logout', (t) =>
  t.field({
    type: LogoutPayload,
    description:
      'Ends sessions: their tokens stop working here at once, at Hasura when they expire. By access token, refresh token or cookie. Codes: `unauthenticated`, `permission_denied` (for a team token, unless the scope is LOCAL).',
    args: { input: t.arg({ type: LogoutInput, description: 'May be left out: this session.' }) },
    resolve: async (_root, { input }, { deps, caller, cookie }) => {
      const scope = input?.scope ?? 'LOCAL';
      const inCookie = deps.config.refreshCookie !== 'off' && cookie.isPresent() ? cookie.read() : null;
      if (inCookie !== null) cookie.clear();
      if (scope !== 'LOCAL' || (inCookie === null && !input?.refreshToken)) {
        const viewer = await (scope === 'LOCAL' ? requireViewer(caller) : requireAccountHolder(caller));
        return { sessionsEnded: await logout(deps, viewer, { scope }) };
      }
      // A cookie comes along by itself and may be an old one: the session of the access token ends besides.
      const viewer = input?.refreshToken ? null : await viewerOrNull(caller);
      let sessionsEnded = viewer === null ? 0 : await logout(deps, viewer, { scope });
      for (const token of [input?.refreshToken, inCookie])
        if (token) sessionsEnded += await logoutByRefreshToken(deps, caller, { refreshToken: token });
      return { sessionsEnded };
    },
  }),
);

const SessionType = builder.objectRef<Session>('Session');

SessionType.implement({
  description: 'A sign-in on one device.',
  fields: (t) => ({
    id: t.exposeID('id', { description: 'A UUID; `x-hasura-session-id` in its tokens.' }),
    current: t.boolean({
      description: 'Whether this is the session that asks.',
      resolve: async ({ id }, _args, { caller }) => (await caller.viewer())?.sessionId === id,
    }),
    userAgent: t.exposeString('userAgent', { nullable: true, description: 'What the device called itself.' }),
    address: t.exposeString('address', {
      nullable: true,
      description: 'Where it signed in from, if that is known.',
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it signed in.' }),
    lastUsedAt: t.expose('lastUsedAt', {
      type: 'DateTime',
      description: 'When it last refreshed its tokens.',
    }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When it ends at the latest.' }),
  }),
});

builder.queryField('sessions', (t) =>
  t.field({
    type: [SessionType],
    description: 'My live sessions, the one used last at the front; at most 100. Code: `unauthenticated`.',
    resolve: async (_root, _args, { deps, caller }) =>
      listSessions(deps.db, (await requireViewer(caller)).user.id),
  }),
);

const RevokeSessionInput = builder.inputType('RevokeSessionInput', {
  description: 'Which session to end.',
  fields: (t) => ({ sessionId: t.id({ required: true, description: 'As `sessions` names it.' }) }),
});

builder.mutationField('revokeSession', (t) =>
  t.field({
    type: LogoutPayload,
    description:
      'Ends one session of the current user. Codes: `unauthenticated`, `permission_denied` (for a team token), `not_found`, `invalid`.',
    args: { input: t.arg({ type: RevokeSessionInput, required: true, description: 'Which one.' }) },
    resolve: async (_root, { input: { sessionId } }, { deps, caller }) => {
      const viewer = await requireAccountHolder(caller);
      if (!isUuid(sessionId)) throw new AuthError('invalid', { attribute: 'sessionId' });
      await revokeSession(deps, viewer, { sessionId });
      return { sessionsEnded: 1 };
    },
  }),
);
