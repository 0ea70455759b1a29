import { beforeEach, expect, test } from 'vitest';
import { forFile } from '../../support/for-file.ts';
import type { SignedInAnswer } from '../../support/gateway.ts';
import { codes, join, openStage, REFRESH, type SignedInPerson } from './frontend.ts';

// Refresh tokens as a page uses them through Hasura.

const stage = forFile(() => openStage());
let ada: SignedInPerson;
beforeEach(async () => {
  ada = await join(stage);
});

async function refresh(refreshToken: string): Promise<SignedInAnswer> {
  return (await stage.anonymous().run<{ refresh: SignedInAnswer }>(REFRESH, { input: { refreshToken } }))
    .refresh;
}
const refused = (refreshToken: string) =>
  codes(stage.anonymous().refused(REFRESH, { input: { refreshToken } }));
const SESSIONS = '{ sessions { id } }';

test('several tabs that refresh with one token get the same next token', async () => {
  const [first, second] = [await refresh(ada.refreshToken), await refresh(ada.refreshToken)];
  expect(first.refreshToken).not.toBe(ada.refreshToken);
  expect(second.refreshToken).toBe(first.refreshToken);
  const third = await refresh(first.refreshToken);
  expect((await refresh(ada.refreshToken)).refreshToken).toBe(third.refreshToken);
});

test('a refresh token used again after 31 seconds ends the session: refresh_token_reused', async () => {
  const next = await refresh((await refresh(ada.refreshToken)).refreshToken);
  const page = stage.as(next.accessToken);
  expect(await page.run(SESSIONS)).toBeTruthy();
  await stage.gateway
    .sql`update portcullis_private.refresh_tokens set rotated_at = now() - interval '31 seconds'
    where rotated_at is not null`;
  expect(await refused(ada.refreshToken)).toEqual(['refresh_token_reused']);
  expect(await refused(next.refreshToken)).toEqual(['invalid_refresh_token']);
  expect(await codes(page.refused(SESSIONS))).toEqual(['unauthenticated']);
});

test('a page that lost the answer of a refresh gets the same next token an hour later', async () => {
  const lost = await refresh(ada.refreshToken);
  await stage.gateway.sql`update portcullis_private.refresh_tokens set rotated_at = now() - interval '1 hour'
    where rotated_at is not null`;
  expect((await refresh(ada.refreshToken)).refreshToken).toBe(lost.refreshToken);
});
