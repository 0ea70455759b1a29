import { afterAll, beforeAll, expect, test } from 'vitest';
import { attemptMail, mailCounters } from '../../src/mail/limits.ts';
import { newPerson, startGateway, type TestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ env: { LIMIT_MAIL_PER_RECIPIENT: '3/86400' } });
});
afterAll(() => gateway.close());

// Well into the past, because the clocks of two connections may differ slightly.
const passSpacing = () =>
  gateway.sql`update portcullis_private.rate_limits set resets_at = now() - interval '1 minute' where key like 'mail\\_%' and key not like 'mail\\_recipient%'`;

test('an address gets one mail of each kind in a minute', async () => {
  const { email } = newPerson();
  expect(await attemptMail(gateway.deps, 'password_reset', email)).toBeNull();
  const wait = await attemptMail(gateway.deps, 'password_reset', email);
  expect(wait).toBeGreaterThan(50);
  expect(wait).toBeLessThanOrEqual(60);
  expect(await attemptMail(gateway.deps, 'verification', email)).toBeNull();
  await passSpacing();
  expect(await attemptMail(gateway.deps, 'password_reset', email)).toBeNull();
});

test('the daily cap of an address counts sent mails, not those that the spacing refused', async () => {
  const { email } = newPerson();
  for (let i = 0; i < 10; i++) await attemptMail(gateway.deps, 'password_reset', email);
  for (let i = 0; i < 2; i++) {
    await passSpacing();
    expect(await attemptMail(gateway.deps, 'password_reset', email)).toBeNull();
  }
  await passSpacing();
  expect(await attemptMail(gateway.deps, 'password_reset', email)).toBeGreaterThan(80_000);
  expect(await attemptMail(gateway.deps, 'password_reset', newPerson().email)).toBeNull();
});

test('resets and verifications have separate daily caps', async () => {
  for (const [spent, open] of [
    ['verification', 'password_reset'],
    ['password_reset', 'verification'],
  ] as const) {
    const { email } = newPerson();
    for (let i = 0; i < 4; i++) {
      await attemptMail(gateway.deps, spent, email);
      await passSpacing();
    }
    expect(await attemptMail(gateway.deps, spent, email)).toBeGreaterThan(80_000);
    expect(await attemptMail(gateway.deps, open, email)).toBeNull();
  }
});

test('a mail of a transaction that is rolled back is not counted', async () => {
  const { email } = newPerson();
  const work = gateway.deps.db.transaction(async (tx) => {
    expect(await attemptMail(gateway.deps, 'verification', email, tx)).toBeNull();
    throw new Error('The transaction fails.');
  });
  await expect(work).rejects.toThrow('The transaction fails.');
  expect(await attemptMail(gateway.deps, 'verification', email)).toBeNull();
});

test('invites and changes of address share a daily cap, which does not limit resets', async () => {
  const { email } = newPerson();
  for (const kind of ['team_invite', 'email_change', 'team_invite'] as const) {
    expect(await attemptMail(gateway.deps, kind, email)).toBeNull();
    await passSpacing();
  }
  for (const kind of ['team_invite', 'email_change'] as const)
    expect(await attemptMail(gateway.deps, kind, email)).toBeGreaterThan(80_000);
  expect(await attemptMail(gateway.deps, 'password_reset', email)).toBeNull();
});

test('of 50 concurrent attempts one is allowed to mail', async () => {
  const { email } = newPerson();
  const waits = await Promise.all(
    Array.from({ length: 50 }, () => attemptMail(gateway.deps, 'password_reset', email)),
  );
  expect(waits.filter((wait) => wait === null)).toHaveLength(1);
});

test('notices are not limited, and the counters do not contain the address', async () => {
  const { email } = newPerson();
  for (const kind of ['password_changed', 'email_changed', 'access_token_created', 'new_sign_in'] as const)
    expect(mailCounters(gateway.deps.config, kind, email)).toEqual([]);
  await attemptMail(gateway.deps, 'password_reset', email);
  const rows = await gateway.sql`select key from portcullis_private.rate_limits`;
  expect(JSON.stringify(rows)).not.toContain(email);
});
