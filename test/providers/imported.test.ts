import { expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { signUp } from '../support/gateway.ts';
import { openProviderStage } from '../support/providers/stage.ts';

const stage = forFile(() => openProviderStage());

/** Links a person of the provider to an account, as an import does: without an issuer. */
async function importIdentity(as: string): Promise<string> {
  const { user } = await signUp(stage.gateway);
  await stage.gateway.sql`update portcullis.users set email_verified_at = now() where id = ${user.id}`;
  await stage.gateway.sql`insert into portcullis.identities (id, user_id, provider, subject)
    values (gen_random_uuid(), ${user.id}, 'local', ${stage.oidc.people.get(as)?.sub ?? ''})`;
  return user.id;
}

test('an imported identity signs in to its account, and gets the issuer of today', async () => {
  stage.person('ann');
  const id = await importIdentity('ann');
  expect((await stage.signIn('ann')).user.id).toBe(id);
  expect(await stage.gateway.sql`select issuer from portcullis.identities where user_id = ${id}`).toEqual([
    { issuer: stage.oidc.url },
  ]);
  expect((await stage.signIn('ann')).user.id).toBe(id);
});

test('the same subject at another issuer is another person', async () => {
  stage.person('ann');
  const id = await importIdentity('ann');
  await stage.gateway
    .sql`update portcullis.identities set issuer = 'https://former.example.com' where user_id = ${id}`;
  expect((await stage.signIn('ann')).user.id).not.toBe(id);
});
