import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createHashGate } from '../../src/crypto/hash-gate.ts';
import { createFailurePace, type FailurePace } from '../../src/crypto/passwords/failure-pace.ts';
import { HashError } from '../../src/crypto/passwords/hash-parts.ts';
import { createPasswordHasher } from '../../src/crypto/passwords/hasher.ts';
import { readStoredHash } from '../../src/crypto/passwords/stored-hash.ts';
import { createLog } from '../../src/log.ts';
import { GIBIBYTE, peakGrowth } from '../support/peak-memory.ts';

type Row = { name: string; hash: string; password: string; wrong: string[] };

/** Hashes that other libraries made: Python's hashlib, bcrypt, argon2, and the published sample of Firebase. */
const rows: Row[] = JSON.parse(readFileSync(new URL('hashes.json', import.meta.url), 'utf8'));

function startHasher(findSignerKey: (id: string) => Promise<Buffer | null> = async () => null) {
  const gate = createHashGate({ concurrency: 2, queue: 100, longestWaitMs: 60_000 });
  const lines: string[] = [];
  const log = createLog('debug', { write: (line) => void lines.push(line) });
  return createPasswordHasher(gate, { log, findSignerKey }).then((hasher) => ({
    hasher,
    logged: () => lines.join(''),
  }));
}

const faultOf = (hash: string): string => {
  try {
    readStoredHash(hash);
    return 'none';
  } catch (error) {
    return error instanceof HashError ? error.fault : String(error);
  }
};

test.each(rows)('a hash of $name fits its password and no other one, and is renewed', async (row) => {
  const { hasher, logged } = await startHasher();
  expect(await hasher.verify(row.hash, row.password)).toBe(true);
  for (const wrong of row.wrong) expect(await hasher.verify(row.hash, wrong)).toBe(false);
  expect(hasher.isOutdated(row.hash)).toBe(true);
  expect(logged()).toBe('');
});

const BCRYPT_TAIL = `$${'abcdefghij'.repeat(5)}abc`;
const ARGON2_TAIL = '$FycIrMPupk6w2DLw9BQ+MA$3+iB6SOJTVQW4PACPxBV/ezEMaVVyk8hCgXKsbz880w';
const ENDLESS_ASP_NET = Buffer.concat([
  Buffer.from('01000000027fffffff00000010', 'hex'),
  Buffer.alloc(48, 7),
]);
const LYING_ASP_NET = Buffer.concat([Buffer.from('0100000002000003e8000fffff', 'hex'), Buffer.alloc(48, 7)]);

test.each([
  ['bcrypt of cost 14', `$2b$14${BCRYPT_TAIL}`, 'hash_too_costly'],
  ['bcrypt of cost 13', `$2b$13${BCRYPT_TAIL}`, 'none'],
  ['bcrypt of cost 3', `$2b$03${BCRYPT_TAIL}`, 'bad_hash'],
  ['bcrypt with a line feed', `$2b$10${BCRYPT_TAIL}\n`, 'bad_hash'],
  ['bcrypt cut by one digit', `$2b$10${BCRYPT_TAIL.slice(0, -1)}`, 'bad_hash'],
  ['bcrypt 2x', `$2x$10${BCRYPT_TAIL}`, 'hash_unsupported'],
  ['argon2id of 8 GiB', `$argon2id$v=19$m=8388608,t=1,p=1${ARGON2_TAIL}`, 'hash_too_costly'],
  ['argon2id of 128 MiB', `$argon2id$v=19$m=131072,t=10,p=16${ARGON2_TAIL}`, 'none'],
  ['argon2id of 128 MiB and 1 KiB', `$argon2id$v=19$m=131073,t=1,p=1${ARGON2_TAIL}`, 'hash_too_costly'],
  ['argon2id with 11 passes', `$argon2id$v=19$m=8192,t=11,p=1${ARGON2_TAIL}`, 'hash_too_costly'],
  ['argon2id with 17 lanes', `$argon2id$v=19$m=8192,t=1,p=17${ARGON2_TAIL}`, 'hash_too_costly'],
  [
    'argon2id with a number beyond Number',
    `$argon2id$v=19$m=${'9'.repeat(300)},t=1,p=1${ARGON2_TAIL}`,
    'hash_too_costly',
  ],
  ['argon2id without memory', `$argon2id$v=19$m=0,t=1,p=1${ARGON2_TAIL}`, 'bad_hash'],
  ['argon2id without passes', `$argon2id$v=19$m=8192,t=0,p=1${ARGON2_TAIL}`, 'bad_hash'],
  ['argon2id with a negative number', `$argon2id$v=19$m=-1,t=1,p=1${ARGON2_TAIL}`, 'bad_hash'],
  ['argon2id with data', `$argon2id$v=19$m=8192,t=1,p=1,data=AAAA${ARGON2_TAIL}`, 'hash_unsupported'],
  ['argon2d', `$argon2d$v=19$m=8192,t=1,p=1${ARGON2_TAIL}`, 'hash_unsupported'],
  ['scrypt of 64 MiB', '$scrypt$ln=16,r=8,p=4$AAAA$AAAAAAAAAAAAAAAAAAAAAA', 'none'],
  ['scrypt of 128 MiB', '$scrypt$ln=17,r=8,p=1$AAAA$AAAAAAAAAAAAAAAAAAAAAA', 'hash_too_costly'],
  ['scrypt with five lanes', '$scrypt$ln=14,r=8,p=5$AAAA$AAAAAAAAAAAAAAAAAAAAAA', 'hash_too_costly'],
  ["Django's scrypt with five lanes", `scrypt$16384$salt$8$5$${'A'.repeat(43)}=`, 'none'],
  ["Django's scrypt with six lanes", `scrypt$16384$salt$8$6$${'A'.repeat(43)}=`, 'hash_too_costly'],
  ['scrypt with a short key', '$scrypt$ln=14,r=8,p=1$AAAA$AAAA', 'bad_hash'],
  [
    'scrypt whose N is not a power of two',
    'scrypt:1000:8:1$salt$00112233445566778899aabbccddeeff',
    'bad_hash',
  ],
  ['PBKDF2 of too many rounds', `pbkdf2_sha256$2000001$salt$${'A'.repeat(43)}=`, 'hash_too_costly'],
  ['PBKDF2 of too many blocks', `pbkdf2_sha1$1000001$salt$${'A'.repeat(43)}=`, 'hash_too_costly'],
  ['PBKDF2 with MD5', `pbkdf2_md5$1000$salt$${'A'.repeat(43)}=`, 'hash_unsupported'],
  ['PBKDF2 whose length is another one', `$pbkdf2-sha256$i=1000,l=64$AAAA$${'A'.repeat(43)}`, 'bad_hash'],
  ['PBKDF2 with a long salt', `pbkdf2_sha256$1000$${'s'.repeat(129)}$${'A'.repeat(43)}=`, 'bad_hash'],
  ['ASP.NET Identity with endless iterations', ENDLESS_ASP_NET.toString('base64'), 'hash_too_costly'],
  ['ASP.NET Identity whose salt is longer than the hash', LYING_ASP_NET.toString('base64'), 'bad_hash'],
  [
    'Firebase with N of 2^22',
    '$fbscrypt$v=1,n=22,r=8,p=1,ss=Bw==,key=00112233445566778899aabbccddeeff$AAAA$AAAAAAAAAAAAAAAAAAAAAA==',
    'hash_too_costly',
  ],
  ['MD5', 'd41d8cd98f00b204e9800998ecf8427e', 'hash_unsupported'],
  ['SHA-512 crypt', '$6$saltsalt$abcdef', 'hash_unsupported'],
  ['phpass', '$P$BF4ucbcd79b6nyh5DCC4t8yabcdefgh', 'hash_unsupported'],
  ['LDAP', '{SSHA}yAj3Sy5TbYZeaNZt9G9Lef9JzX6ShM5c', 'hash_unsupported'],
  ['a clear text', 'correct horse', 'hash_unsupported'],
  ['an empty text', '', 'hash_unsupported'],
  ['a text of 2 KiB', 'a'.repeat(2048), 'bad_hash'],
])('%s is read as: %s → %s', (_name, hash, fault) => {
  expect(faultOf(hash)).toBe(fault);
});

test('an argon2 hash of 8 GiB is refused without its work', async () => {
  const { hasher, logged } = await startHasher();
  const costly = `$argon2id$v=19$m=8388608,t=1,p=1${ARGON2_TAIL}`;
  expect(faultOf(costly)).toBe('hash_too_costly');
  const check = async () => expect(await hasher.verify(costly, 'correct horse', 'the-owner')).toBe(false);
  expect(await peakGrowth(check)).toBeLessThan(GIBIBYTE);
  expect(logged()).toContain('"userId":"the-owner","fault":"hash_too_costly"');
  expect(logged()).not.toContain(ARGON2_TAIL);
});

test.each(['', 'garbage', 'salt:00ff', '$argon2id$', '$2b$10$', '$fbscrypt$v=1'])(
  'an unreadable hash fits no password, is outdated, and is logged: %j',
  async (hash) => {
    const { hasher, logged } = await startHasher();
    expect(await hasher.verify(hash, 'correct horse')).toBe(false);
    expect(await hasher.verify(hash, '')).toBe(false);
    expect(hasher.isOutdated(hash)).toBe(true);
    expect(logged()).toContain('A stored password hash cannot be verified.');
  },
);

test('a password with a NUL, an empty one and one beyond 1,024 bytes fit no hash of another system', async () => {
  const { hasher } = await startHasher();
  const { hash: bcryptHash } = await import('bcrypt');
  for (const password of ['abc\0def', '', 'a'.repeat(1025)])
    expect(await hasher.verify(await bcryptHash(password, 4), password)).toBe(false);
});

test('a hash of the gateway fits every spelling of its password, and is not outdated', async () => {
  const { hasher } = await startHasher();
  const own = await hasher.hash('ﬁx ① it');
  expect(await hasher.verify(own, 'fix 1 it')).toBe(true);
  expect(await hasher.verify(own, 'ﬁx ① it')).toBe(true);
  expect(await hasher.verify(own, 'fix 2 it')).toBe(false);
  expect(hasher.isOutdated(own)).toBe(false);
});

test('a Firebase hash takes the signer key that its text names', async () => {
  const [row] = rows.filter(({ name }) => name.startsWith('Firebase'));
  const { withoutSignerKey, signerKeyId } = await import('../../src/crypto/passwords/firebase.ts');
  const { hash, signerKey } = withoutSignerKey(row!.hash);
  expect(hash).not.toContain(signerKey!.toString('base64'));
  const { hasher } = await startHasher(async (id) => (id === signerKeyId(signerKey!) ? signerKey : null));
  expect(await hasher.verify(hash, row!.password)).toBe(true);
  const keyless = await startHasher();
  expect(await keyless.hasher.verify(hash, row!.password)).toBe(false);
  expect(keyless.logged()).toContain('needs a signer key that is not stored');
});

/** The least time that bcrypt of cost 12 takes on any machine of today. An own hash takes about 30 ms. */
const FOREIGN_MS = 120;

test('failed checks last as long as foreign hashes, once the gateway has seen one', async () => {
  const { hasher } = await startHasher();
  const { hash: bcryptHash } = await import('bcrypt');
  await hasher.learn([await bcryptHash('correct horse', 12)]);
  for (const stored of [null, await hasher.hash('correct horse'), 'garbage']) {
    const before = performance.now();
    expect(await hasher.verify(stored, 'wrong horse')).toBe(false);
    expect(performance.now() - before).toBeGreaterThan(FOREIGN_MS);
  }
});

describe('the pace of failures', () => {
  const waited = async (pace: FailurePace): Promise<number> => {
    const startedAt = performance.now();
    await pace.wait(startedAt);
    return performance.now() - startedAt;
  };

  test('is that of the slowest kind', async () => {
    const pace = createFailurePace();
    pace.note('slow', 300);
    pace.note('quick', 20);
    expect(await waited(pace)).toBeGreaterThanOrEqual(295);
  });

  test('forgets a time after eight others of the same kind, and has a bound', async () => {
    const pace = createFailurePace();
    pace.note('busy', 60_000);
    const longest = await waited(pace);
    expect(longest).toBeGreaterThanOrEqual(1995);
    expect(longest).toBeLessThan(20_000);
    for (let time = 0; time < 8; time++) pace.note('busy', 1);
    expect(await waited(pace)).toBeLessThan(1900);
  });
});
