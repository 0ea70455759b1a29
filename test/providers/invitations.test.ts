import { expect, test } from 'vitest';
import { administrate, JWT_SECRET } from '../gotrue/administrators.ts';
import { forFile } from '../support/for-file.ts';
import { openProviderStage } from '../support/providers/stage.ts';

// An invitation that a person accepts at a provider.

const stage = forFile(() => openProviderStage({ GOTRUE_JWT_SECRET: JWT_SECRET }));

/** Invites an address. Returns the user who waits, and the way to the provider with the invitation. */
async function invite(email: string): Promise<{ id: string; token: string; path: string }> {
  const { body } = await administrate(stage.gateway, 'POST', '/admin/generate_link', {
    type: 'invite',
    email,
  });
  const { id, hashed_token: token } = body as { id: string; hashed_token: string };
  return { id, token, path: `/authorize?provider=local&invite_token=${token}` };
}

const isVerified = async (id: string): Promise<boolean> => {
  const [user] = await stage.gateway.sql`select email_verified_at from portcullis.users where id = ${id}`;
  return user?.email_verified_at !== null;
};

test('an invitation is accepted at a provider with its own address', async () => {
  const { email } = stage.person('ann');
  const { id, token, path } = await invite(email);
  const back = await stage.visit(path);
  expect(back.hash).toContain('access_token=');
  expect(await isVerified(id)).toBe(true);
  const linked = await stage.gateway.sql`select user_id from portcullis.identities where user_id = ${id}`;
  expect(linked).toHaveLength(1);
  const again = await stage.gateway.post('/verify', { type: 'invite', token_hash: token });
  expect(again).toMatchObject({ status: 403, body: { error_code: 'otp_expired' } });
});

test.each([
  ['another address', {}],
  ['its own address that the provider has not verified', { email_verified: false }],
])('an invitation is not accepted with %s, and stays good', async (_what, claims) => {
  const invited = stage.person('ann');
  const { id, path } = await invite(invited.email);
  const email = 'email_verified' in claims ? invited.email : 'another@example.com';
  stage.person('eve', { email, ...claims });
  const back = await stage.visit(path, { as: 'eve' });
  expect(back.hash).not.toContain('access_token=');
  expect(back.searchParams.get('error')).toBe('invalid_request');
  expect(await isVerified(id)).toBe(false);
  expect(await stage.gateway.sql`select from portcullis.identities where user_id = ${id}`).toEqual([]);
  stage.oidc.people.set('ann', { name: 'ann Other', ...invited, email_verified: true });
  expect((await stage.visit(path)).hash).toContain('access_token=');
});
