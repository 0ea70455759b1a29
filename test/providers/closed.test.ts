import { expect, test } from 'vitest';
import { newPerson, signUp, startGateway } from '../support/gateway.ts';
import { openProviderStage } from '../support/providers/stage.ts';

test('where sign-up is closed, a known address is let in and a new one is not', async () => {
  const stage = await openProviderStage({ SIGNUP: 'off' });
  const open = await startGateway({ replicaOf: stage.gateway, env: { SIGNUP: 'on', PORT: '0' } });
  try {
    const { email } = stage.person('ann');
    const { user } = await signUp(open, newPerson({ email }));
    expect((await stage.signIn('ann')).user.id).toBe(user.id);
    stage.person('new');
    const back = await stage.visit('/authorize?provider=local', { as: 'new' });
    expect(Object.fromEntries(back.searchParams)).toEqual({
      error: 'access_denied',
      error_code: 'signup_disabled',
      error_description: 'Signups not allowed for this instance',
    });
  } finally {
    await open.close();
    await stage.close();
  }
});

test('where sign-up needs an invitation, the verified address is enough to use it', async () => {
  const stage = await openProviderStage({ SIGNUP: 'invited' });
  try {
    const { email } = stage.person('ann');
    stage.person('other');
    await stage.gateway.sql`insert into portcullis_private.signup_invitations (id, email, expires_at)
      values (gen_random_uuid(), ${email}, now() + interval '1 day')`;
    const other = await stage.visit('/authorize?provider=local', { as: 'other' });
    expect(other.searchParams.get('error_code')).toBe('signup_disabled');
    expect((await stage.signIn('ann')).user.email).toBe(email);
    expect(await stage.gateway.sql`select from portcullis_private.signup_invitations`).toEqual([]);
  } finally {
    await stage.close();
  }
});

test('without the GoTrue dialect the way to providers and back is served, and nothing else of it', async () => {
  const stage = await openProviderStage({ DIALECTS: 'portal,teams' });
  try {
    stage.person('ann');
    const back = await stage.visit(
      '/authorize?provider=local&code_challenge_method=s256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    );
    expect(back.searchParams.get('code')).not.toBeNull();
    for (const path of ['/settings', '/user', '/gotrue/authorize'])
      expect((await fetch(stage.gateway.url + path)).status).toBe(404);
  } finally {
    await stage.close();
  }
});
