import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSmtp, type TestSmtp } from '../mail/smtp.ts';
import { bearer, newPerson, signUp } from '../support/gateway.ts';
import { openProviderStage, type ProviderStage, pkce } from '../support/providers/stage.ts';

// A sign-in by a provider waits for the exchange of its code, while its identity is taken away.

let smtp: TestSmtp;
let stage: ProviderStage;
beforeAll(async () => {
  smtp = await startSmtp();
  stage = await openProviderStage({ SMTP_URL: smtp.url, MANUAL_LINKING: 'on' });
});
afterAll(async () => {
  await stage.close();
  await smtp.stop();
});

/** Signs in by the provider up to the code, which is not exchanged yet. */
async function pendingCode(as: string) {
  const { verifier, query } = pkce();
  const back = await stage.visit(`/authorize?provider=local&${query}`, { as });
  const code = back.searchParams.get('code') ?? '';
  expect(code).not.toBe('');
  return () => stage.exchange(code, verifier);
}

async function mailedToken(email: string): Promise<string> {
  for (let wait = 0; wait < 600; wait++) {
    const found = smtp.mails.find(
      ({ to, link }) => to.includes(email) && link.includes('/mail/verify-email/'),
    );
    if (found !== undefined) return found.token;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('The mail did not come.');
}

test('the code of a planted identity is not exchanged after the owner of the mailbox has come', async () => {
  const planter = stage.person('planter');
  const { user } = await signUp(stage.gateway, newPerson());
  await stage.gateway.sql`insert into portcullis.identities (id, user_id, provider, issuer, subject)
    values (gen_random_uuid(), ${user.id}, 'local', ${stage.oidc.url}, ${planter.sub})`;
  const exchange = await pendingCode('planter');
  const verified = await fetch(`${stage.gateway.url}/api/verify-email/${await mailedToken(user.email)}`);
  expect(verified.status).toBe(200);
  expect(await exchange()).toMatchObject({ status: 404, body: { error_code: 'flow_state_not_found' } });
});

test('the code of an identity is not exchanged after the person has unlinked it', async () => {
  const other = stage.person('other');
  const session = await signUp(stage.gateway);
  await stage.gateway
    .sql`update portcullis.users set email_verified_at = now() where id = ${session.user.id}`;
  const [identity] = await stage.gateway.sql<{ id: string }[]>`
    insert into portcullis.identities (id, user_id, provider, issuer, subject)
    values (gen_random_uuid(), ${session.user.id}, 'local', ${stage.oidc.url}, ${other.sub}) returning id`;
  const exchange = await pendingCode('other');
  const unlinked = await fetch(`${stage.gateway.url}/user/identities/${identity?.id}`, {
    method: 'DELETE',
    headers: bearer(session.accessToken),
  });
  expect(unlinked.status).toBe(200);
  expect(await exchange()).toMatchObject({ status: 404 });
});
