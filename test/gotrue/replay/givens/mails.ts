import {
  asked,
  asSession,
  banned,
  byAdmin,
  challenge,
  code,
  confirmed,
  followed,
  invited,
  link,
  mailArrived,
  type Preparations,
  pause,
  posted,
  signedIn,
  signedUp,
  unknownLink,
  with_,
  without,
  wrongCode,
} from './vocabulary.ts';

export const signups: Preparations = {
  'signup: repeat of an unconfirmed address: the same user, a new mail, nothing overwritten': {
    before: { 2: [mailArrived()], 3: [code('user1', 2)] },
  },
  'signup: the second mail makes the first link void': {
    before: { 2: [mailArrived()], 3: [code('user1', 1)], 4: [code('user1', 2)] },
  },
  'signup: repeat of a confirmed address (no autoconfirm): 200, a user of no one, no mail to sign in with': [
    confirmed(),
  ],
  'signup: a fresh and a taken address answer alike (GoTrue: identities and role differ)': [
    confirmed('user2'),
  ],
  'signup: auth-js sees no error for a taken address': [confirmed()],
  'signup: repeat of a confirmed address (autoconfirm): 422 user_already_exists': [confirmed()],
  'signup: PKCE: a challenge too short, or with a forbidden character, is refused': {
    before: { 3: [with_('code_challenge', () => 'a'.repeat(129))] },
  },
  'signup: two sign-ups of one address at once make one user': { together: true },
};

export const verifications: Preparations = {
  'verify: POST signup with the code of the mail: a session, the address is confirmed': [signedUp()],
  'verify: auth-js verifyOtp with the code': [signedUp()],
  'verify: auth-js verifyOtp with the token_hash of the link': [signedUp(), link()],
  'verify: GET: 303 to the site with the session in the fragment': [signedUp(), link()],
  'verify: GET: the fragment carries the mark sb and is sorted': [signedUp(), link()],
  'verify: GET: a target that is not allowed gets no token': [signedUp(), link()],
  'verify: GET twice: the second says otp_expired in the fragment': [signedUp(), link(), followed('signup')],
  'verify: GET with a made-up token: 303 with the error': [unknownLink],
  'verify: HEAD of a link does not burn it': [signedUp(), link()],
  'verify: PKCE signup link: 303 with ?code=, exchanged by auth-js': { before: { 2: [link()] } },
  'verify: PKCE: POST verify with the code of the mail works too': [signedUp('user1', challenge)],
  'verify: a code used twice: 403 otp_expired': [
    signedUp(),
    code(),
    posted('/verify', ({ address, fills }) => ({
      type: 'signup',
      email: address('user1'),
      token: fills.get('otp'),
    })),
  ],
  'verify: a token_hash used twice: 403 otp_expired': [
    signedUp(),
    link(),
    posted('/verify', ({ fills }) => ({ type: 'signup', token_hash: fills.get('hash') })),
  ],
  'verify: a wrong code: 403, in both dialects': {
    given: [signedUp(), wrongCode],
    before: { 3: [without('otp')] },
  },
  'verify: an unknown address answers like a wrong code': [signedUp(), wrongCode],
  'verify: an expired code: 403 otp_expired': [signedUp(), link(), code(), pause(3500)],
  'verify: neither token nor hash, or both: 400': [wrongCode],
  'verify: a token_hash together with an address: 400': [unknownLink],
  'verify: an unknown type with a token_hash: 400': [unknownLink],
  'verify: an unknown type with a code: 4xx': [signedUp()],
  'verify: a code of one purpose does not serve another': [signedUp()],
  'verify: a signup code taken as an invitation (GoTrue: one and the same)': [signedUp()],
  'verify: a code belongs to its address': [signedUp('user1'), signedUp('user2'), code('user1')],
  'verify: a banned user gets no session': [confirmed(), asked('/magiclink'), code(), banned],
  'verify: an invited user is confirmed and signed in': [invited('user1', '', { team: 7 })],
  'verify: GET invite link': [invited('user1', '?redirect_to=https%3A%2F%2Fapp.example.com%2Fjoin'), link()],
  'verify more: POST with the token_hash of a magiclink link': [confirmed(), asked('/magiclink'), link()],
  'verify more: POST with the token_hash of an invitation': [invited(), link()],
  'verify more: POST with a pkce_ token_hash: a session at once': [
    confirmed(),
    asked('/otp', 'user1', challenge),
    link(),
  ],
  'verify more: GET with the parameter token_hash in place of token: 400': [unknownLink],
  'verify more: a verification voids the other pending tokens of the user (GoTrue)': {
    given: [confirmed(), asked('/otp'), code('user1', 1), asked('/recover'), mailArrived('user1', 2)],
    before: { 2: [code('user1', 2)] },
  },
};

export const mailed: Preparations = {
  'otp: email, known: the link is of type magiclink and signs in': {
    given: [confirmed()],
    before: { 2: [link()] },
  },
  'otp: create_user false, unknown: 422 otp_disabled and no user': { before: { 2: [wrongCode] } },
  'otp: create_user false, known: a mail': [confirmed()],
  'otp: PKCE: a known user, link to code to session': { given: [confirmed()], before: { 2: [link()] } },
  'otp: a new code makes the earlier one void': {
    given: [confirmed()],
    before: { 2: [mailArrived()], 3: [code('user1', 1)], 4: [code('user1', 2)] },
  },
  'otp: spacing: the second within a minute is 429 (GoTrue) or a silent 200': [confirmed()],
  'magiclink: an unconfirmed user becomes confirmed': {
    given: [signedUp(), mailArrived()],
    before: { 2: [code('user1', 2)] },
  },
  'recover: known: {} and a mail of type recovery': [confirmed()],
  'recover: unknown: the same answer and no mail': [confirmed()],
  'recover: the whole way: link, session, new password': { given: [confirmed()], before: { 2: [link()] } },
  'recover: POST verify with the code': [confirmed()],
  'recover: PKCE: code, session, amr recovery': { given: [confirmed()], before: { 2: [link()] } },
  'recover: a new password makes the pending link void': [signedIn()],
  'resend: signup: {} and a new mail': {
    given: [signedUp(), mailArrived()],
    before: { 2: [code('user1', 2)] },
  },
  'resend: signup, unknown or already confirmed: {} and no mail': [confirmed('user2')],
  'resend: email_change: both mails again; without a pending change none': [signedIn()],
  'redirect: the header redirect_to wins over the query': [confirmed()],
  'redirect: a valid Referer is taken when there is no redirect_to': [confirmed()],
  'redirect: X-Forwarded-Host does not shape the link': [confirmed()],
  'invite: of a confirmed address: 422 email_exists': [confirmed()],
  'invite: without credentials 401, as a user 403': {
    given: [signedIn()],
    before: { 2: [asSession(0)] },
  },
};

const linkMade = byAdmin(
  'POST',
  () => '/admin/generate_link',
  ({ address }) => ({ type: 'signup', email: address('user1'), password: 'Correct-horse-1' }),
);

export const links: Preparations = {
  'generate_link: signup: the code in place of the link': [linkMade],
  'generate_link: signup: the hashed token in place of the link': [linkMade],
  'generate_link: magiclink': [confirmed()],
  'generate_link: recovery': [confirmed()],
  'generate_link: email_change: both links make the change': {
    given: [confirmed()],
    before: {
      3: [with_('hash', ({ madeLinks }) => madeLinks[0]?.hash)],
      4: [with_('hash', ({ madeLinks }) => madeLinks[1]?.hash)],
    },
  },
  'generate_link: email_change_new: the hashed_token is that of the link (GoTrue: it is not)': [confirmed()],
  'generate_link: email_change without a new address, to a taken one, for an unknown user': [
    confirmed('user1'),
    confirmed('user2'),
  ],
  'generate_link: email_change_current where the secure change is off: 400': [confirmed()],
  'generate_link: auth-js generateLink': [confirmed()],
};
