import type { SignedIn } from '../../flows/shared/complete-sign-in.ts';
import { builder } from '../builder.ts';
import type { Context } from '../context.ts';
import { paragraphs } from '../descriptions.ts';
import { UserType } from './user.ts';

/** The input `cookie` of a sign-in. */
export const COOKIE = 'If true, the gateway puts the refresh token into an httpOnly cookie. See `login`.';
/** The codes of a request that may not use the cookie. */
export const COOKIE_CODES = '`feature_disabled` (for `cookie`), `cross_site_request` (for `cookie`)';

/** The tokens of a session and its user, for an AuthPayload. */
export type AuthAnswer<Result extends SignedIn = SignedIn> = Omit<Result, 'refreshToken'> & {
  refreshToken: string | null;
};

/** Puts the refresh token into the answer, or into the cookie alone. */
export function answer<Result extends SignedIn>(
  { cookie }: Context,
  signedIn: Result,
  inCookie: boolean,
): AuthAnswer<Result> {
  if (!inCookie) return signedIn;
  cookie.write(signedIn.refreshToken);
  return { ...signedIn, refreshToken: null };
}

/**
 * Signs in, and answers with the tokens. If the input asks for the cookie, and the request may not use it, it is refused before
 * anything is done.
 */
export async function answerSignIn<Result extends SignedIn>(
  context: Context,
  input: { cookie?: boolean | null | undefined } | null | undefined,
  signIn: () => Promise<Result>,
): Promise<AuthAnswer<Result>> {
  const inCookie = input?.cookie ?? false;
  if (inCookie) context.cookie.read();
  return answer(context, await signIn(), inCookie);
}

export const AuthPayload = builder.objectRef<AuthAnswer>('AuthPayload');

AuthPayload.implement({
  description: 'The tokens of a session, and its user.',
  fields: (t) => ({
    accessToken: t.exposeString('accessToken', {
      description:
        'An access token, a JWT: send it as `Authorization: Bearer <accessToken>`, to Hasura or to the gateway.',
    }),
    expiresAt: t.expose('expiresAt', {
      type: 'DateTime',
      description: 'When the access token and the team token expire. Call `refresh` before.',
    }),
    refreshToken: t.exposeString('refreshToken', {
      nullable: true,
      description:
        'The refresh token, for `refresh` and `logout`. Keep it secret: it opens the whole session. Null if it is in the cookie.',
    }),
    teamToken: t.exposeString('teamToken', {
      nullable: true,
      description: paragraphs(
        'A team token: an access token that also carries the active team. Null if the user is not in a team.',
        'It carries the team as `x-hasura-team-id`, and the role as `x-hasura-team-role`. It cannot change the account or its sessions.',
      ),
    }),
    secondFactorRequired: t.exposeBoolean('secondFactorRequired', {
      description: paragraphs(
        'Whether the user must show a second factor before the tokens are good.',
        'If true, Hasura refuses the access token, and the gateway accepts it only to finish the sign-in: call `signInWithTotp` with it. `refresh` and `logout` work too.',
      ),
    }),
    user: t.expose('user', { type: UserType, description: 'The user of the session.' }),
  }),
});
