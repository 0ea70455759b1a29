import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config/read-config.ts';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { ageKey, expireKey, keepHouse, PUBLISHED, passForKeys, readJwks } from './keys.ts';

describe('JWK_TTL', () => {
  const keySeconds = (ttl: number, maxAge?: number, housekeeping?: number) =>
    readConfig({
      JWK_TTL: String(ttl),
      JWKS_MAX_AGE: String(maxAge ?? ''),
      HOUSEKEEPING_SECONDS: String(housekeeping ?? ''),
    }).keys.ttlSeconds;
  const raise = (least: number) =>
    `  JWK_TTL: a key would end before its successor is published. Raise JWK_TTL to at least ${least}`;
  const raiseOrLower = (least: number) => `${raise(least)}, or lower JWKS_MAX_AGE or HOUSEKEEPING_SECONDS.`;

  test.each([
    { least: 2400, maxAge: undefined, housekeeping: undefined },
    { least: 2406, maxAge: 301, housekeeping: undefined },
    { least: 2405, maxAge: undefined, housekeeping: 31 },
    { least: 20_250, maxAge: undefined, housekeeping: 3600 },
    { least: 434_250, maxAge: undefined, housekeeping: 86_400 },
    { least: 519_000, maxAge: 86_400, housekeeping: undefined },
    { least: 461, maxAge: 1, housekeeping: 1 },
  ])('must be at least $least with JWKS_MAX_AGE=$maxAge and HOUSEKEEPING_SECONDS=$housekeeping', (at) => {
    expect(keySeconds(at.least, at.maxAge, at.housekeeping)).toBe(at.least);
    expect(() => keySeconds(at.least - 1, at.maxAge, at.housekeeping)).toThrow(raise(at.least));
  });

  test('below the minimum stops the start with the variables to change', () => {
    expect(() => keySeconds(2250, 300, 3600)).toThrow(raiseOrLower(20_250));
    expect(() => keySeconds(86_400, 86_400)).toThrow(raiseOrLower(519_000));
    expect(() => keySeconds(461)).toThrow(raiseOrLower(2400));
  });

  test('below the smallest possible minimum stops the start without naming other variables', () => {
    expect(() => keySeconds(460)).toThrow(`${raise(2400)}.`);
  });
});

describe('infrequent housekeeping', () => {
  test('makes the successor of a key correspondingly earlier', async () => {
    const gateway = await startGateway({ env: { HOUSEKEEPING_SECONDS: '40000' } });
    const first = (await readJwks(gateway)).ids[0];
    // Publishing it takes 750 s, the longest token lives for a day, and two rounds may take 100,000 s.
    await expireKey(gateway, first, 2 * 750 + 86_400 + 100_000 + 60);
    await keepHouse(gateway);
    expect((await readJwks(gateway)).ids).toEqual([first]);
    await expireKey(gateway, first, 2 * 750 + 86_400 + 100_000 - 1);
    await keepHouse(gateway);
    expect((await readJwks(gateway)).ids).toHaveLength(2);
    await gateway.close();
  });

  test('publishes every successor in time, even with late and failed rounds and short-lived keys', async () => {
    const [keySeconds, every, step] = [20_250, 3600, 450];
    const twoLateRounds = (2 * 1.25 * every) / step;
    const gateway = await startGateway({
      env: { JWK_TTL: String(keySeconds), HOUSEKEEPING_SECONDS: String(every) },
    });
    // Each phase of the rounds against the life of the first key.
    for (let phase = 0; phase < twoLateRounds; phase += 3) {
      await gateway.sql`delete from portcullis.jwks`;
      await keepHouse(gateway);
      await ageKey(gateway, PUBLISHED);
      const signers = new Set<string>();
      for (let i = 0; i * step < 3 * keySeconds; i++) {
        await passForKeys(gateway, step);
        const { id } = await gateway.deps.signer.currentKey(0);
        signers.add(id);
        expect(await ageOf(gateway, id)).toBeGreaterThanOrEqual(750);
        if ((i + phase) % twoLateRounds === 0) await keepHouse(gateway);
      }
      expect(signers.size).toBeGreaterThanOrEqual(4);
    }
    await gateway.close();
  });
});

async function ageOf({ sql }: TestGateway, id: string): Promise<number> {
  const [row] = await sql`
    select extract(epoch from now() - created_at)::float8 as seconds from portcullis.jwks where id = ${id}`;
  return row?.seconds;
}
