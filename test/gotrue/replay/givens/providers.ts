import { v5 as uuidv5 } from 'uuid';
import { createBrowser } from '../../../support/providers/browser.ts';
import { hashOf } from '../../mailbox.ts';
import { send } from '../requests.ts';
import { mailTo, type Scene } from '../scene.ts';
import { REDIRECT_URI } from '../servers.ts';
import { challenge, confirmed, type Given, invited, type Preparations, signedUp } from './vocabulary.ts';

type Visit = {
  label?: string;
  /** What the provider says of the address. */
  verified?: boolean;
  query?: Record<string, string>;
};

/** A person goes to the provider, agrees, and comes back with a state and a code. */
const backFromProvider =
  ({ label = 'oauth1', verified = true, query = {} }: Visit = {}): Given =>
  async (scene) => {
    const email = scene.address(label);
    const sub = uuidv5(email, uuidv5.URL);
    const profile = { name: 'Ann Other', preferred_username: 'ann' };
    scene.server.provider.people.set(sub, { sub, email, email_verified: verified, ...profile });
    const search = new URLSearchParams({ provider: 'keycloak', login_hint: sub, ...query });
    const { headers, status } = await send(scene, 'GET', `/authorize?${search}`);
    if (status !== 302) throw new Error(`/authorize answered ${status}.`);
    const back = await createBrowser().follow(headers.get('location') ?? '', REDIRECT_URI);
    scene.fills.set('state', back.searchParams.get('state') ?? '');
    scene.fills.set('code', back.searchParams.get('code') ?? '');
    scene.fills.set('iss', encodeURIComponent(back.searchParams.get('iss') ?? ''));
  };

const withInvite =
  (invitee: string, label: string): Given =>
  async (scene) => {
    await invited(invitee)(scene);
    const token = hashOf(await mailTo(scene, scene.address(invitee)));
    await backFromProvider({ label, query: { invite_token: token } })(scene);
  };

/** The person follows the redirect of the first request, which the scene has not kept. */
const pkce = (scene: Scene): Promise<void> | void =>
  backFromProvider({
    query: { redirect_to: 'https://app.example.com/cb?x=1', ...challenge(scene) },
  })(scene);

export const providers: Preparations = {
  'callback: PKCE: 302 with ?code=, exchanged for session and provider token': { before: { 2: [pkce] } },
  'callback: the second visit is the same user': {
    given: [backFromProvider()],
    before: { 2: [backFromProvider()] },
  },
  'callback: a verified address of a confirmed user is linked to him': [
    confirmed(),
    backFromProvider({ label: 'user1' }),
  ],
  'callback: a verified address of an unconfirmed user: his password and data do not survive': [
    signedUp('user1', () => ({ password: 'Attacker-horse-1', data: { planted: true } })),
    backFromProvider({ label: 'user1' }),
  ],
  'callback: an unverified address of no one: provider_email_needs_verification and a mail': [
    backFromProvider({ verified: false }),
  ],
  'callback: the redirect_to of /authorize is kept': [
    backFromProvider({ query: { redirect_to: 'https://app.example.com/deep?q=1' } }),
  ],
  'callback: a state serves once, implicit': [backFromProvider()],
  'callback: the provider says no: its error in query and fragment': [backFromProvider()],
  'callback: no code: bad_oauth_callback': [backFromProvider()],
  'callback: closed for sign-up: signup_disabled for a new one': [backFromProvider()],
  'callback: closed for sign-up: a known address is let in': [
    confirmed(),
    backFromProvider({ label: 'user1' }),
  ],
  'callback: an invitation accepted by the provider': [withInvite('user1', 'user1')],
  'callback: an invitation is not accepted by another address': [withInvite('user1', 'user2')],
};
