import { freshId } from '../scene.ts';
import {
  asked,
  asPersonWithoutSession,
  asSession,
  asSigned,
  banned,
  byAdmin,
  challenge,
  confirmed,
  followed,
  link,
  loggedOut,
  type Preparations,
  refreshed,
  signedIn,
  signIn,
  with_,
  withRefreshTokenOf,
} from './vocabulary.ts';

const OTHER_SECRET = 'a-secret-of-somewhere-else-0123456789';

/** A person's own token whose claims were changed to those of an administrator. */
const forged = with_('jwt', ({ session }) => {
  const [header, payload = '', signature] = (session?.accessToken ?? '').split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
  const changed = Buffer.from(JSON.stringify({ ...claims, role: 'service_role' })).toString('base64url');
  return [header, changed, signature].join('.');
});

export const bearers: Preparations = {
  'jwks: auth-js getClaims verifies locally': [confirmed()],
  'jwks: an HS256 instance lists no key; getClaims asks /user': [confirmed()],
  'bearer: the scheme is case-insensitive': [signedIn()],
  'bearer: signed by another secret: 403 bad_jwt': [
    asSigned(() => ({ sub: freshId(), role: 'authenticated' }), OTHER_SECRET),
  ],
  'bearer: a foreign admin token opens nothing': [asSigned(() => ({ role: 'service_role' }), OTHER_SECRET)],
  'bearer: expired: 403 bad_jwt': [
    asSigned(() => ({ sub: freshId(), role: 'authenticated', exp: 1_700_000_000 })),
  ],
  'bearer: a changed payload: 403 bad_jwt': [signedIn(), forged],
  'bearer: no sub: 403 bad_jwt': [asSigned(() => ({ role: 'authenticated', aud: 'authenticated' }))],
  'bearer: sub is not a UUID': [
    asSigned(() => ({ sub: 'abc', role: 'authenticated', aud: 'authenticated' })),
  ],
  'bearer: the user is gone: 403 user_not_found': [signedIn()],
  'bearer: the session is gone: 403 session_not_found': [signedIn()],
  'bearer: a token without session_id is served while the user lives': [confirmed(), asPersonWithoutSession],
  'bearer: a banned user is refused at once': [signedIn()],
  'bearer: an ordinary user at an admin endpoint: 403 not_admin': [signedIn(), asSession(0)],
  'bearer: the role anon is no admin': [asSigned(() => ({ role: 'anon' }))],
  'admin by role: an expired admin token: 403 bad_jwt': [
    asSigned(() => ({ role: 'service_role', exp: 1_700_000_000 })),
  ],
};

export const tokens: Preparations = {
  'token: password: a session': [confirmed()],
  'token: password: only the named fields': [confirmed()],
  'token: password: the address in other letters': [confirmed()],
  'token: password: wrong and unknown answer with the same bytes': [confirmed()],
  'token: password: a banned user': [confirmed(), banned],
  'token: password: a banned user and a wrong password (GoTrue tells)': [confirmed(), banned],
  'token: password: a user without password': [confirmed('user1', { password: undefined })],
  'token: password: none given': [confirmed()],
  // The hash of "short1": an administrator may not give a password that the rules refuse.
  'token: password: weak since the rules changed, told in the session': [
    confirmed('user1', {
      password: undefined,
      password_hash: '$2b$10$XYvpKLE8tj4luIJDMpkKruSGQ12gTbIpm4UuLCoTAaxz7JjI16zQi',
    }),
  ],
  'token: password: each sign-in is a session of its own': {
    given: [signedIn(), signIn(), asSession(0)],
    before: { 2: [asSession(1)] },
  },
  'refresh: a new pair; the user is included': [signedIn()],
  'refresh: the way of signing in is kept in amr': [signedIn()],
  'refresh: auth-js refreshSession': [signedIn()],
  'refresh: auth-js: an expired session is refreshed on its own': [confirmed()],
  'refresh: the parent again: the same child (a lost answer)': {
    given: [signedIn()],
    before: { 2: [withRefreshTokenOf(0)], 3: [withRefreshTokenOf(1)] },
  },
  'refresh: reuse of one session leaves the other sessions alone': {
    given: [signedIn(), signIn(), refreshed],
    before: { 2: [withRefreshTokenOf(1)], 3: [withRefreshTokenOf(0)] },
  },
  'refresh: inside the reuse interval the grandparent is served': {
    given: [signedIn()],
    before: { 3: [withRefreshTokenOf(0)] },
  },
  'refresh: ten at once: no 5xx, and the session lives on': [signedIn()],
  'refresh: the old access token is good until it expires': {
    given: [signedIn()],
    before: { 2: [asSession(0)] },
  },
  'refresh: after logout: refused': [signedIn()],
  'refresh: tokens of another form': {
    given: [signedIn()],
    before: {
      2: [with_('refresh_token', () => 'ABCDEFGHIJKL')],
      3: [with_('refresh_token', () => 'x'.repeat(80))],
      4: [with_('refresh_token', ({ session }) => session?.accessToken)],
    },
  },
  'refresh: a banned user': [signedIn(), banned],
  'refresh: a deleted user': [
    signedIn(),
    byAdmin('DELETE', ({ userIds }) => `/admin/users/${userIds.at(-1)}`),
  ],
  'refresh: auth-js setSession with a dead refresh token': [with_('refresh_token', () => 'abcdefghijkl')],
  'pkce: s256: a session': [confirmed(), asked('/otp', 'user1', challenge), link(), followed('magiclink')],
  'pkce: plain, in capitals: a session': [
    confirmed(),
    asked('/otp', 'user1', ({ verifier }) => ({
      code_challenge: verifier,
      code_challenge_method: 'PLAIN',
    })),
    link(),
    followed('magiclink'),
  ],
  'pkce: an empty code or verifier': [with_('auth_code', freshId)],
};

export const logouts: Preparations = {
  'logout: 204 without body; every session ends (scope global)': {
    given: [signedIn(), signIn()],
    before: { 4: [asSession(0)] },
  },
  'logout: the token itself stays valid for those who only check it': [signedIn()],
  'logout: scope=others ends all but this one': {
    given: [signedIn(), signIn()],
    before: { 3: [asSession(0)] },
  },
  'logout: an unknown scope: 400, nothing ends': [signedIn()],
  'logout: twice: the second is refused': [signedIn()],
  'logout: other users are not touched': {
    given: [signedIn('user2'), signedIn('user1')],
    before: { 2: [asSession(0)] },
  },
  'logout: auth-js signOut, all scopes': [confirmed()],
  'logout: auth-js admin.signOut with the token of the user': [signedIn()],
  'logout: a token without session ends all': {
    given: [signedIn(), asPersonWithoutSession],
    before: { 2: [asSession(0)] },
  },
  'auth-js: getUser after the session was ended elsewhere: the session is missing': {
    given: [confirmed()],
    before: { 2: [loggedOut] },
  },
};
