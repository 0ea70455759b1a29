import { hash as argon2, argon2i, argon2id } from 'argon2';
import { hash as bcrypt } from 'bcrypt';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withoutSignerKey } from '../../src/crypto/passwords/firebase.ts';
import { storeSignerKey } from '../../src/keys/password-signer-keys.ts';
import {
  LOGIN,
  logIn,
  newPerson,
  type Person,
  signUp,
  startGateway,
  type TestGateway,
} from '../support/gateway.ts';
import { GIBIBYTE, peakGrowth } from '../support/peak-memory.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const INVALID = [
  {
    message: 'Invalid email or password.',
    extensions: { code: 'invalid_credentials', attribute: null },
    path: ['login'],
  },
];

/** A person whose stored hash is the given one. */
async function personWith(hash: string, password: string): Promise<Person & { id: string }> {
  const person = newPerson();
  const { user } = await signUp(gateway, person);
  await gateway.sql`update portcullis_private.passwords set hash = ${hash} where user_id = ${user.id}`;
  return { ...person, password, id: user.id };
}

const storedHash = async ({ id }: { id: string }): Promise<string> => {
  const [row] = await gateway.sql`select hash from portcullis_private.passwords where user_id = ${id}`;
  return row?.hash;
};

const OWN = /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/;
const ARGON2 = { memoryCost: 19_456, timeCost: 2, parallelism: 1 };

test.each([
  ['bcrypt', (password: string) => bcrypt(password, 10)],
  [
    'argon2i with the costs of the gateway',
    (password: string) => argon2(password, { ...ARGON2, type: argon2i }),
  ],
  [
    'argon2id with other costs',
    (password: string) => argon2(password, { memoryCost: 8192, timeCost: 2, parallelism: 1, type: argon2id }),
  ],
])('a login renews a hash of %s from the whole password', async (_name, hashOf) => {
  const password = `ﬁrst ① ${'x'.repeat(80)}`;
  const person = await personWith(await hashOf(password), password);
  await logIn(gateway, person);
  expect(await storedHash(person)).toMatch(OWN);
  await logIn(gateway, { ...person, password: password.normalize('NFKC') });
  const changedAtTheEnd = { email: person.email, password: `${password}y` };
  expect(await gateway.failure(LOGIN, { input: changedAtTheEnd })).toEqual(INVALID);
});

test('a wrong password for a foreign hash answers invalid_credentials and changes nothing', async () => {
  const hash = await bcrypt('correct horse', 10);
  const person = await personWith(hash, 'wrong horse');
  const { email, password } = person;
  expect(await gateway.failure(LOGIN, { input: { email, password } })).toEqual(INVALID);
  expect(await storedHash(person)).toBe(hash);
});

test('an argon2id hash that another system made of the text as typed fits', async () => {
  const typed = 'ﬁ①-as typed';
  const hash = await argon2(typed, { ...ARGON2, type: argon2id });
  await logIn(gateway, await personWith(hash, typed));
});

test.each(['', 'garbage', 'abc:00ff', '$pbkdf2-sha512$i=1,l=64$AAAA', '$2b$31$'])(
  'a login with the unreadable hash %j answers invalid_credentials, and the log names the user',
  async (hash) => {
    const { id, email, password } = await personWith(hash, 'correct horse');
    expect(await gateway.failure(LOGIN, { input: { email, password } })).toEqual(INVALID);
    const lines = gateway.logged().split('\n');
    expect(lines.filter((line) => line.includes('cannot be verified') && line.includes(id))).toHaveLength(1);
  },
);

test('a login against an argon2 hash of 8 GiB is refused without the work', async () => {
  const tail = '$FycIrMPupk6w2DLw9BQ+MA$3+iB6SOJTVQW4PACPxBV/ezEMaVVyk8hCgXKsbz880w';
  const { email, password } = await personWith(`$argon2id$v=19$m=8388608,t=1,p=1${tail}`, 'correct horse');
  const guess = async () =>
    expect(await gateway.failure(LOGIN, { input: { email, password } })).toEqual(INVALID);
  expect(await peakGrowth(guess)).toBeLessThan(GIBIBYTE);
});

test('a Firebase hash signs in with the stored signer key, which no table shows in clear', async () => {
  const key = 'jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==';
  const published = `$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=${key}$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==`;
  const { hash, signerKey } = withoutSignerKey(published);
  await storeSignerKey(gateway.deps.db, gateway.deps.keyEncryption, signerKey ?? Buffer.alloc(0));
  await storeSignerKey(gateway.deps.db, gateway.deps.keyEncryption, signerKey ?? Buffer.alloc(0));
  const person = await personWith(hash, 'user1password');
  await logIn(gateway, person);
  expect(await storedHash(person)).toMatch(OWN);
  const keys = await gateway.sql`select jwe from portcullis_private.password_signer_keys`;
  expect(keys).toHaveLength(1);
  expect(keys[0]?.jwe).not.toContain(key.slice(0, 20));
});

test('logins with a foreign hash and with an unknown address cost one turn of the gate each', async () => {
  const { email } = await personWith(await bcrypt('correct horse', 8), '');
  const hashesFor = async (input: object) => {
    const before = gateway.deps.hashGate.finished;
    expect(await gateway.failure(LOGIN, { input })).toEqual(INVALID);
    return gateway.deps.hashGate.finished - before;
  };
  expect(await hashesFor({ email, password: 'wrong horse' })).toBe(1);
  expect(await hashesFor({ email: newPerson().email, password: 'wrong horse' })).toBe(1);
});
