import { describe, expect, test } from 'vitest';
import { forFile } from '../support/for-file.ts';
import { newPerson, startGateway } from '../support/gateway.ts';
import { codeOf, EMAIL_EXISTS, join, startAccounts } from './accounts.ts';

const accounts = forFile(() => startAccounts({ SMTP_URL: 'off' }));

describe('emailExists', () => {
  const exists = async (email: string) =>
    (await accounts.gateway.graphql<{ emailExists: boolean }>(EMAIL_EXISTS, { email })).emailExists;

  test('tells whether an address has an account, and answers required to an empty address', async () => {
    const { email } = await join(accounts);
    expect(await exists(` ${email.toUpperCase()}`)).toBe(true);
    expect(await exists(newPerson().email)).toBe(false);
    expect(await exists('no address')).toBe(false);
    expect(await codeOf(accounts.gateway.failure(EMAIL_EXISTS, { email: '' }))).toBe('required email');
  });

  test('is rate_limited per IP address, in total for callers without one, and answers feature_disabled when off', async () => {
    const strict = await startGateway({
      replicaOf: accounts.gateway,
      env: { LIMIT_EMAIL_EXISTS_PER_ADDRESS: '1/60', LIMIT_EMAIL_EXISTS_UNADDRESSED: '2/60' },
    });
    const email = newPerson().email;
    expect(await codeOf(strict.failure(EMAIL_EXISTS, { email }))).toBe('rate_limited');
    const hasura = { 'x-hasura-gateway-secret': strict.secret, 'x-hasura-role': 'anonymous' };
    for (let i = 0; i < 2; i++) await strict.graphql(EMAIL_EXISTS, { email }, hasura);
    expect(await codeOf(strict.failure(EMAIL_EXISTS, { email }, hasura))).toBe('rate_limited');
    await strict.close();
    const off = await startGateway({ replicaOf: accounts.gateway, env: { EMAIL_EXISTS: 'off' } });
    expect(await codeOf(off.failure(EMAIL_EXISTS, { email }))).toBe('feature_disabled');
    expect(
      await off.graphql('{ authConfig { emailExists requireVerifiedEmail captcha { provider } } }'),
    ).toEqual({
      authConfig: { emailExists: false, requireVerifiedEmail: false, captcha: null },
    });
    await off.close();
  });
});
