import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, eventsOf } from '../accounts/accounts.ts';
import {
  bearer,
  ME,
  type SignedInAnswer,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { type Relay, startRelay } from '../support/relay.ts';

// A fault of the database while a refresh token is exchanged is not taken for theft.

const REFRESH = 'mutation ($input: RefreshInput) { refresh(input: $input) { accessToken refreshToken } }';

let gateway: TestGateway;
let relayed: TestGateway;
let relay: Relay;
beforeAll(async () => {
  gateway = await startGateway({ env: { DATABASE_STATEMENT_TIMEOUT_MS: '1500' } });
  const url = new URL(gateway.databaseUrl);
  relay = await startRelay(url);
  url.port = String(relay.port);
  relayed = await startGateway({ replicaOf: gateway, env: { DATABASE_URL: url.href } });
});
afterAll(async () => {
  await relayed.close();
  relay.close();
  await gateway.close();
});

const refresh = async (refreshToken: string, via = gateway) =>
  (await via.graphql<{ refresh: SignedInAnswer }>(REFRESH, { input: { refreshToken } })).refresh;
const refused = (refreshToken: string, via = gateway) =>
  codeOf(via.failure(REFRESH, { input: { refreshToken } }));

/** Runs work while the locks of a person's sessions are held, so that an exchange waits. */
async function whileHeld({ user }: SignedInAnswer, work: () => Promise<void>): Promise<void> {
  const held = await gateway.sql.reserve();
  await held`begin`;
  await held`select from portcullis.sessions where user_id = ${user.id} for update`;
  try {
    await work();
  } finally {
    await held`rollback`;
    held.release();
  }
}

async function expectUnharmed(signedIn: SignedInAnswer): Promise<void> {
  const { accessToken } = await refresh(signedIn.refreshToken);
  await gateway.graphql(ME, {}, bearer(accessToken));
  expect(await eventsOf(gateway, signedIn.user.id)).not.toContain('refresh_token_reused failure');
}

test('an exchange that Postgres cancels answers unavailable, and the token stays good', async () => {
  const signedIn = await signUp(gateway);
  await whileHeld(signedIn, async () => {
    expect(await refused(signedIn.refreshToken)).toBe('unavailable');
  });
  await expectUnharmed(signedIn);
});

const countWaiting = async (): Promise<number> => {
  const [waiting] = await gateway.sql`
    select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  return waiting?.n;
};

test('an exchange whose connection breaks answers unavailable, and the token stays good', async () => {
  const signedIn = await signUp(gateway);
  await whileHeld(signedIn, async () => {
    const exchange = refused(signedIn.refreshToken, relayed);
    await expect.poll(countWaiting).toBeGreaterThan(0);
    relay.hangUp();
    expect(await exchange).toBe('unavailable');
  });
  await expectUnharmed(signedIn);
});
