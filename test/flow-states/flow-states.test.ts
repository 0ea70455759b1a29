import { randomBytes, randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { challengeOf } from '../../src/crypto/pkce.ts';
import type { Transaction } from '../../src/db/client.ts';
import {
  beginFlow,
  exchangeFlow,
  findFlow,
  findIssuedFlow,
  issueAuthCode,
  retireFlows,
} from '../../src/flow-states/flow-states.ts';
import { createUser } from '../../src/users/users.ts';
import { forFile } from '../support/for-file.ts';
import { newPerson, startGateway } from '../support/gateway.ts';

const gateway = forFile(() => startGateway({ env: { SMTP_URL: 'off', DATABASE_POOL_SIZE: '20' } }));
const run = <T>(work: (tx: Transaction) => Promise<T>) => gateway.deps.db.transaction(work);
const find = (authCode: string, codeVerifier: string) =>
  findIssuedFlow(gateway.deps.db, { authCode, codeVerifier });

const redirectTo = 'https://app.example.com/in';

async function issue({ ttlSeconds = 60 } = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const { email } = newPerson();
  const { id: userId } = await createUser(gateway.deps.db, { email, name: null, passwordHash: null });
  return run(async (tx) => {
    const flowId = await beginFlow(tx, { redirectTo, codeChallenge: challengeOf(verifier), ttlSeconds });
    const code = (await issueAuthCode(tx, { flowId, userId, method: 'magiclink' })) ?? '';
    return { userId, flowId, verifier, code };
  });
}

test('the challenge is the one of RFC 7636', () => {
  expect(challengeOf('dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk')).toBe(
    'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  );
});

test('a code is a UUID, and the database keeps its hash only', async () => {
  const { flowId, code } = await issue();
  expect(code).toMatch(/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/);
  const [row] = await gateway.sql`
    select flow_states::text as stored from portcullis_private.flow_states where id = ${flowId}`;
  expect(row?.stored).not.toContain(code);
});

test('a code is exchanged for its person and its way of signing in', async () => {
  const { userId, code, verifier } = await issue();
  expect(await find(code, verifier)).toMatchObject({ userId, method: 'magiclink', redirectTo });
});

test('a wrong verifier does not use the code up', async () => {
  const { code, verifier } = await issue();
  expect(await find(code, `${verifier}x`)).toBe('wrong_verifier');
  expect(await find(code, '')).toBe('wrong_verifier');
  expect(await find(code, verifier)).toMatchObject({ redirectTo });
});

test('of fifty exchanges at once one succeeds, and the code is unknown afterwards', async () => {
  const { code, verifier } = await issue();
  const won = await Promise.all(
    Array.from({ length: 50 }, async () => {
      const flow = await find(code, verifier);
      return typeof flow !== 'string' && (await run((tx) => exchangeFlow(tx, flow)));
    }),
  );
  expect(won.filter((one) => one)).toHaveLength(1);
  expect(await find(code, verifier)).toBe('not_found');
});

test('an unknown code is not found', async () => {
  expect(await find(randomUUID(), 'verifier')).toBe('not_found');
});

test('a code lives 300 seconds from its issue, also if the flow would have lived longer', async () => {
  const { flowId, code, verifier } = await issue({ ttlSeconds: 86_400 });
  const [row] = await gateway.sql`
    select extract(epoch from expires_at - now())::float8 as left from portcullis_private.flow_states where id = ${flowId}`;
  expect(row?.left).toBeGreaterThan(290);
  expect(row?.left).toBeLessThanOrEqual(300);
  await gateway.sql`update portcullis_private.flow_states set expires_at = now() where id = ${flowId}`;
  expect(await find(code, verifier)).toBe('expired');
});

test('a flow issues one code', async () => {
  const { flowId, userId } = await issue();
  expect(await run((tx) => issueAuthCode(tx, { flowId, userId, method: 'magiclink' }))).toBeNull();
});

test('a flow without a challenge issues no code', async () => {
  const { userId } = await issue();
  const flowId = await run((tx) => beginFlow(tx, { redirectTo, codeChallenge: null, ttlSeconds: 60 }));
  expect(await run((tx) => issueAuthCode(tx, { flowId, userId, method: 'magiclink' }))).toBeNull();
  expect(await findFlow(gateway.deps.db, flowId)).toMatchObject({ redirectTo, userId: null });
});

test('the codes of a person are retired', async () => {
  const { userId, code, verifier } = await issue();
  await run((tx) => retireFlows(tx, userId));
  expect(await find(code, verifier)).toBe('not_found');
});
