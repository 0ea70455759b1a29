import { freshId } from '../scene.ts';
import {
  asked,
  asPersonWithoutSession,
  asSession,
  code,
  confirmed,
  hasNumber,
  link,
  type Preparations,
  posted,
  put,
  signedIn,
  signIn,
  toUnknownUser,
  with_,
  wrongCode,
} from './vocabulary.ts';

const NIL_ID = '00000000-0000-0000-0000-000000000000';

export const users: Preparations = {
  'user: GET: the signed-in user': [signedIn('user1', { user_metadata: { a: 1 }, app_metadata: { b: 2 } })],
  'user: GET: the same user as in the session': [signedIn()],
  'user: GET: X-JWT-AUD of another audience: 400': [signedIn()],
  'user: auth-js getUser with a token in hand': [signedIn()],
  'user: PUT data: merges, null deletes a key': [
    signedIn('user1', { user_metadata: { keep: 1, drop: 2, nest: { a: 1 } } }),
  ],
  'user: PUT app_metadata is for administrators: 403': [signedIn()],
  'user: PUT role, aud, id or email_confirm change nothing': [signedIn()],
  'user: PUT with nothing in it: 200': [signedIn()],
  'user: PUT password: the new one serves, the old one does not': [signedIn()],
  'user: PUT password: the other sessions end, this one stays': {
    given: [signedIn(), signIn()],
    before: { 4: [asSession(0)] },
  },
  'user: PUT password: the same one: 422 same_password': [signedIn()],
  'user: PUT password: weak: 422 with reasons': [signedIn()],
  'user: PUT password: an empty one is refused': [signedIn()],
  'user: PUT password: the current one is asked for where the rule is on': [signedIn()],
  'user: PUT password: a session by code needs no current password': [
    confirmed(),
    asked('/magiclink'),
    code(),
    posted('/verify', ({ address, fills }) => ({
      type: 'magiclink',
      email: address('user1'),
      token: fills.get('otp'),
    })),
  ],
  'user: PUT email: pending until both addresses confirm': [signedIn()],
  'user: PUT email: by links, the old address first': {
    given: [signedIn()],
    before: { 2: [link('user1')], 3: [link('next2')] },
  },
  'user: PUT email: PKCE, message in the query at half way, then a code': {
    given: [confirmed()],
    before: { 3: [link('user1')], 4: [link('next2')] },
  },
  'user: PUT email: taken by another: 422 email_exists': [confirmed('user1'), signedIn('user2')],
  'user: PUT email: the own one changes nothing': [signedIn()],
  'user: PUT email: a bad one: 400': [signedIn()],
  'user: PUT email: a later request replaces the earlier one': [
    signedIn(),
    put(({ address }) => ({ email: address('a2') })),
    code('a2'),
  ],
  'user: PUT email with autoconfirm: a permanent user still confirms': [signedIn()],
  'user: PUT data of a wrong type: 400': [signedIn()],
  'user: POST is not allowed': [signedIn()],
  'user: a second factor enrolled but not verified changes nothing': [signedIn()],
  'reauthenticate: sends a code to the address': [signedIn()],
  'reauthenticate: a fresh session needs no nonce even where the rule is on': [signedIn()],
  'reauthenticate: no session in the token: the nonce is asked for, checked and used up': {
    given: [confirmed(), asPersonWithoutSession, wrongCode],
    before: { 4: [code()] },
  },
  'reauthenticate: spacing: the second within a minute: 429': [signedIn()],
};

export const phones: Preparations = {
  'phone: a wrong code: 403': { before: { 2: [wrongCode] } },
  'phone: a number of another user: 422 phone_exists': [hasNumber('15005551014'), signedIn()],
  'phone more: resend sms and phone_change': [
    posted('/signup', () => ({ phone: '15005551017', password: 'Correct-horse-1' })),
  ],
  'phone more: autoconfirm: a new number at once': [signedIn()],
  'phone more: an anonymous user becomes permanent by a number': [posted('/signup', () => ({}))],
};

export const factors: Preparations = {
  'mfa: auth-js enrol, challenge and verify: the session becomes aal2': [signedIn()],
  'mfa: unenrol; the administrator lists and deletes': [signedIn()],
  'mfa: a factor of another user: 404': {
    given: [signedIn('user2'), signedIn('user1')],
    before: { 2: [asSession(0)] },
  },
  'switched off: linking by hand: 404 manual_linking_disabled': [confirmed()],
};

export const administration: Preparations = {
  'admin users: POST with an id in the body': [with_('id', freshId)],
  'admin users: POST /admin/users/<id> (seed; GoTrue: 404 or 405)': [toUnknownUser],
  'admin users: POST /admin/users/<id> with another id in the body is refused': [toUnknownUser],
  'admin users: POST of a taken address: 422 email_exists': [confirmed()],
  'admin users: POST of a taken number: 422 phone_exists': [hasNumber('15005551016')],
  'admin users: POST of a taken id': [confirmed(), with_('id', ({ userIds }) => userIds[0])],
  'admin users: POST with an id that is no UUID, or nil: 400': [with_('id', () => NIL_ID)],
  'admin users: PUT changes address, password, metadata at once and without mail': [
    confirmed('user1', { user_metadata: { a: 1, b: 2 } }),
  ],
  'admin users: PUT app_metadata merges and keeps provider': [confirmed('user1', { app_metadata: { a: 1 } })],
  'admin users: PUT role': [confirmed()],
  'admin users: PUT email_confirm confirms': [confirmed('user1', { email_confirm: false })],
  'admin users: PUT password ends the sessions': [signedIn()],
  'admin users: PUT of a taken address (GoTrue: 500)': [confirmed('user1'), confirmed('user2')],
  'admin users: PUT a bad ban or address: 400': [confirmed()],
  'admin users: PUT of an unknown user: 404 user_not_found': [toUnknownUser],
  'admin users: PUT makes an anonymous user permanent': [posted('/signup', () => ({}))],
  'admin users: GET list: filter by address': [confirmed()],
  'admin users: auth-js listUsers and getUserById': [confirmed()],
  'admin users: DELETE: gone for good': [signedIn()],
  'admin users: DELETE with should_soft_delete: the row stays without its data': [confirmed()],
  'admin users: DELETE of an unknown user: 404': [toUnknownUser],
};
