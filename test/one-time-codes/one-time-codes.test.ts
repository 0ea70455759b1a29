import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Transaction } from '../../src/db/client.ts';
import { type CodePurpose, codePurposes } from '../../src/db/tables/one-time-codes.ts';
import { beginFlow } from '../../src/flow-states/flow-states.ts';
import { createCodeMaker } from '../../src/one-time-codes/code-maker.ts';
import {
  confirmHalf,
  findCodeByLink,
  guessCode,
  guessCodeOf,
  isHalfConfirmed,
  listCodes,
  makeCode,
  redeemCode,
  requestCode,
  retireCodes,
} from '../../src/one-time-codes/one-time-codes.ts';
import { createUser, lockUser } from '../../src/users/users.ts';
import { forFile } from '../support/for-file.ts';
import { newPerson, startGateway } from '../support/gateway.ts';

const gateway = forFile(() => startGateway({ env: { SMTP_URL: 'off', DATABASE_POOL_SIZE: '20' } }));

const db = () => gateway.deps.db;
const maker = () => gateway.deps.codes;
const run = <T>(work: (tx: Transaction) => Promise<T>) => db().transaction(work);

async function newUser() {
  const { email } = newPerson();
  return createUser(db(), { email, name: null, passwordHash: null });
}

type Options = { keepsPassword?: boolean | 'as before'; flowStateId?: string; isHalf?: boolean };

async function issue(
  user: { id: string; email: string | null },
  purpose: CodePurpose = 'magiclink',
  options: Options & { isPkce?: boolean; hasLink?: boolean } = {},
) {
  const { isPkce = false, hasLink = true, ...request } = options;
  const target = user.email ?? '';
  const made = await run(async (tx) => {
    await lockUser(tx, user.id);
    const id = await requestCode(tx, { userId: user.id, purpose, target, ...request });
    return makeCode(tx, maker(), { id, ttlSeconds: 3600, isPkce, hasLink });
  });
  if (made === null) throw new Error('No code was made.');
  return made;
}

const guess = (target: string, code: string, purposes: readonly CodePurpose[] = ['magiclink']) =>
  guessCode(db(), maker(), { targets: [target], purposes, code });

const otherThan = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

test('a code has six digits, and its link 224 bits in hexadecimal', async () => {
  const { code, token } = await issue(await newUser());
  expect(code).toMatch(/^\d{6}$/);
  expect(token).toMatch(/^[0-9a-f]{56}$/);
});

test('the link of a PKCE flow has a prefix, and a text message has no link', async () => {
  const ada = await newUser();
  const { token } = await issue(ada, 'signup', { isPkce: true });
  expect(token).toMatch(/^pkce_[0-9a-f]{56}$/);
  expect(await findCodeByLink(db(), { token, purposes: ['signup'] })).toMatchObject({ userId: ada.id });
  const { token: unused } = await issue(ada, 'sms', { hasLink: false });
  expect(await findCodeByLink(db(), { token: unused, purposes: codePurposes })).toBeNull();
});

test('the database keeps neither the code nor the token', async () => {
  const { id, code, token } = await issue(await newUser());
  const [row] = await gateway.sql`select * from portcullis_private.one_time_codes where id = ${id}`;
  const stored = JSON.stringify(row, (_, value) =>
    value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
  );
  expect(stored).not.toContain(code);
  expect(stored).not.toContain(token);
  expect(row?.code_hash).toHaveLength(32);
  expect(row?.link_hash).toHaveLength(32);
});

describe('a code is bound', () => {
  test.each(codePurposes)('a code of purpose %s serves no other purpose', async (purpose) => {
    const ada = await newUser();
    const { code, token } = await issue(ada, purpose);
    const others = codePurposes.filter((other) => other !== purpose);
    expect(await guess(ada.email ?? '', code, others)).toBeNull();
    expect(await findCodeByLink(db(), { token, purposes: others })).toBeNull();
    expect(await guess(ada.email ?? '', code, [purpose])).toMatchObject({ userId: ada.id, purpose });
  });

  test('a code belongs to its address', async () => {
    const [ada, bob] = [await newUser(), await newUser()];
    const { code } = await issue(ada);
    await issue(bob);
    expect(await guess(bob.email ?? '', code)).toBeNull();
  });

  test('the same digits have another hash for another account, purpose or address', () => {
    const own = { userId: randomUUID(), purpose: 'magiclink', target: 'a@example.com' } as const;
    const hash = maker().hash(own, '123456');
    expect(maker().fits(own, '123456', hash)).toBe(true);
    for (const other of [
      { ...own, userId: randomUUID() },
      { ...own, purpose: 'recovery' as const },
      { ...own, target: 'b@example.com' },
    ])
      expect(maker().fits(other, '123456', hash)).toBe(false);
  });

  test('a hash needs a key of the gateway, and counts under both keys of a rotation', () => {
    const [former, current] = [randomBytes(32), randomBytes(32)];
    const own = { userId: randomUUID(), purpose: 'magiclink', target: 'a@example.com' } as const;
    const hash = createCodeMaker([former]).hash(own, '123456');
    expect(createCodeMaker([current]).fits(own, '123456', hash)).toBe(false);
    expect(createCodeMaker([current, former]).fits(own, '123456', hash)).toBe(true);
  });
});

describe('guesses', () => {
  test('a wrong guess does not use the code up', async () => {
    const ada = await newUser();
    const { code } = await issue(ada);
    for (let wrong = 0; wrong < 4; wrong++) expect(await guess(ada.email ?? '', otherThan(code))).toBeNull();
    expect(await guess(ada.email ?? '', code)).toMatchObject({ userId: ada.id });
  });

  test('after five wrong guesses the code is dead, and the link goes on working', async () => {
    const ada = await newUser();
    const { code, token } = await issue(ada);
    for (let wrong = 0; wrong < 5; wrong++) expect(await guess(ada.email ?? '', otherThan(code))).toBeNull();
    expect(await guess(ada.email ?? '', code)).toBeNull();
    expect(await findCodeByLink(db(), { token, purposes: ['magiclink'] })).toMatchObject({ userId: ada.id });
  });

  test('of fifty guesses at once five are counted', async () => {
    const ada = await newUser();
    const { id, code } = await issue(ada);
    await Promise.all(Array.from({ length: 50 }, () => guess(ada.email ?? '', otherThan(code))));
    const [row] = await gateway.sql`select attempts from portcullis_private.one_time_codes where id = ${id}`;
    expect(row?.attempts).toBe(5);
    expect(await guess(ada.email ?? '', code)).toBeNull();
  });

  test('a code that was delivered again keeps its count', async () => {
    const ada = await newUser();
    const { id, code } = await issue(ada);
    for (let wrong = 0; wrong < 5; wrong++) await guess(ada.email ?? '', otherThan(code));
    const again = await run((tx) => makeCode(tx, maker(), { id, ttlSeconds: 3600 }));
    expect(again?.code).toBe(code);
    expect(await guess(ada.email ?? '', code)).toBeNull();
  });

  test('a code that was not made yet cannot be guessed', async () => {
    const ada = await newUser();
    await run((tx) => requestCode(tx, { userId: ada.id, purpose: 'magiclink', target: ada.email ?? '' }));
    expect(await guess(ada.email ?? '', '000000')).toBeNull();
  });

  test('guesses of a known person are counted alike', async () => {
    const ada = await newUser();
    const { code } = await issue(ada, 'reauthentication');
    const own = { userId: ada.id, purpose: 'reauthentication' } as const;
    expect(await guessCodeOf(db(), maker(), { ...own, code: otherThan(code) })).toBeNull();
    expect(await guessCodeOf(db(), maker(), { ...own, code })).toMatchObject({ userId: ada.id });
  });
});

describe('single use', () => {
  test('of fifty uses at once one succeeds', async () => {
    const found = await issue(await newUser());
    const used = await Promise.all(
      Array.from({ length: 50 }, () =>
        run(async (tx) => {
          await lockUser(tx, found.userId);
          return redeemCode(tx, found);
        }),
      ),
    );
    expect(used.filter((won) => won)).toHaveLength(1);
  });

  test('a used code is not made again when its mail is delivered again', async () => {
    const found = await issue(await newUser());
    expect(await run((tx) => redeemCode(tx, found))).toBe(true);
    expect(await run((tx) => makeCode(tx, maker(), { id: found.id, ttlSeconds: 3600 }))).toBeNull();
  });

  test('a later request makes the earlier code and link void, and its mail too', async () => {
    const ada = await newUser();
    const first = await issue(ada);
    const second = await issue(ada);
    expect(await guess(ada.email ?? '', first.code)).toBeNull();
    expect(await findCodeByLink(db(), { token: first.token, purposes: ['magiclink'] })).toBeNull();
    expect(await run((tx) => makeCode(tx, maker(), { id: first.id, ttlSeconds: 3600 }))).toBeNull();
    expect(await guess(ada.email ?? '', second.code)).toMatchObject({ id: second.id });
  });

  test('an expired code and its link are void', async () => {
    const ada = await newUser();
    const { id, code, token } = await issue(ada);
    await gateway.sql`update portcullis_private.one_time_codes set expires_at = now() where id = ${id}`;
    expect(await guess(ada.email ?? '', code)).toBeNull();
    expect(await findCodeByLink(db(), { token, purposes: ['magiclink'] })).toBeNull();
    expect(await run((tx) => redeemCode(tx, { id }))).toBe(false);
  });

  test('codes are retired by purpose, or all', async () => {
    const ada = await newUser();
    await issue(ada, 'magiclink');
    await issue(ada, 'recovery');
    await run((tx) => retireCodes(tx, ada.id, ['recovery']));
    const listed = await listCodes(db(), { userId: ada.id, purposes: codePurposes });
    expect(listed.map(({ purpose }) => purpose)).toEqual(['magiclink']);
    await run((tx) => retireCodes(tx, ada.id));
    expect(await listCodes(db(), { userId: ada.id, purposes: codePurposes })).toEqual([]);
  });

  test('an unknown account stores nothing, by the same statement', async () => {
    const id = await run((tx) =>
      requestCode(tx, { userId: randomUUID(), purpose: 'magiclink', target: 'nobody@example.com' }),
    );
    expect(await run((tx) => makeCode(tx, maker(), { id, ttlSeconds: 3600 }))).toBeNull();
  });

  test('a code ends with its flow', async () => {
    const ada = await newUser();
    const flowStateId = await run((tx) =>
      beginFlow(tx, { redirectTo: 'https://app.example.com', codeChallenge: 'a'.repeat(43), ttlSeconds: 60 }),
    );
    const { code } = await issue(ada, 'magiclink', { flowStateId });
    await gateway.sql`delete from portcullis_private.flow_states where id = ${flowStateId}`;
    expect(await guess(ada.email ?? '', code)).toBeNull();
  });
});

describe('whether a code keeps the password', () => {
  const kept = async (...requests: (boolean | 'as before')[]) => {
    const ada = await newUser();
    let last = false;
    for (const keepsPassword of requests)
      last = (await issue(ada, 'signup', { keepsPassword })).keepsPassword;
    return last;
  };

  test.each([
    [[true], true],
    [[true, true], true],
    [[true, 'as before'], true],
    [['as before'], false],
    [[false], false],
    [[true, false], false],
    [[true, false, 'as before'], false],
    // A stranger who signed up first asks again, after the owner did so with another password.
    [[true, false, true], false],
  ] as [(boolean | 'as before')[], boolean][])('after %j it is %s', async (requests, expected) => {
    expect(await kept(...requests)).toBe(expected);
  });
});

describe('the halves of a change', () => {
  test('a half is confirmed once, and stays until the other is', async () => {
    const ada = await newUser();
    const { id, code } = await issue(ada, 'email_change_new', { isHalf: true });
    const half = { userId: ada.id, purpose: 'email_change_new' } as const;
    expect(await run((tx) => isHalfConfirmed(tx, half))).toBe(false);
    expect(await run((tx) => confirmHalf(tx, { id }))).toBe(true);
    expect(await run((tx) => confirmHalf(tx, { id }))).toBe(false);
    expect(await run((tx) => redeemCode(tx, { id }))).toBe(false);
    expect(await guess(ada.email ?? '', code, ['email_change_new'])).toBeNull();
    expect(await run((tx) => isHalfConfirmed(tx, half))).toBe(true);
  });

  test('a new request has to be confirmed again', async () => {
    const ada = await newUser();
    const { id } = await issue(ada, 'email_change_new', { isHalf: true });
    await run((tx) => confirmHalf(tx, { id }));
    await issue(ada, 'email_change_new', { isHalf: true });
    expect(await run((tx) => isHalfConfirmed(tx, { userId: ada.id, purpose: 'email_change_new' }))).toBe(
      false,
    );
  });
});
