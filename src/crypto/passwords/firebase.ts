import { createCipheriv, createHash } from 'node:crypto';
import { checkSalt, decodeBase64, HashError, isSameKey, readCost, type StoredHash } from './hash-parts.ts';
import { checkScryptCost, deriveByScrypt, type ScryptCost } from './scrypt.ts';

const MIN_SIGNER_KEY_BYTES = 16;
const MAX_SIGNER_KEY_BYTES = 128;

/** The parts of a hash of Firebase that all people of a project share. */
export type FirebaseParameters = Readonly<{ cost: ScryptCost; saltSeparator: Buffer }>;

/** The id of a signer key: it does not disclose the key, which is random. */
export const signerKeyId = (signerKey: Buffer): string =>
  createHash('sha256').update(signerKey).digest('hex').slice(0, 32);

/** Checks the length of a signer key. @throws HashError `bad_hash` */
export function checkSignerKey(signerKey: Buffer): Buffer {
  if (signerKey.length < MIN_SIGNER_KEY_BYTES || signerKey.length > MAX_SIGNER_KEY_BYTES)
    throw new HashError('bad_hash');
  return signerKey;
}

/** Derives a key by scrypt, and encrypts the signer key under it: AES-256 in counter mode from 0. */
async function hashOf(
  password: string,
  { cost, salt, signerKey }: { cost: ScryptCost; salt: Buffer; signerKey: Buffer },
): Promise<Buffer> {
  const key = await deriveByScrypt(password, { salt, length: 32, cost });
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  return Buffer.concat([cipher.update(signerKey), cipher.final()]);
}

const FBSCRYPT =
  /^\$fbscrypt\$v=1,n=(?<n>\d+),r=(?<r>\d+),p=(?<p>\d+),ss=(?<separator>[^,$]*),(?:sk=(?<key>[^,$]+)|key=(?<id>[0-9a-f]{32}))\$(?<salt>[^$]+)\$(?<hash>[^$]+)$/;

/** A hash of Firebase with its parts. `signerKey` is null if the text names the key by its id. */
type Parts = FirebaseParameters & { salt: Buffer; hash: Buffer; signerKey: Buffer | null; id: string };

function parse(text: string): Parts {
  const parts = FBSCRYPT.exec(text)?.groups;
  if (parts === undefined) throw new HashError('bad_hash');
  const { n, r, p, separator = '', key, id, salt = '', hash = '' } = parts;
  const cost = { n: 2 ** readCost(n, 30), r: readCost(r, 2 ** 20), p: readCost(p, 2 ** 20) };
  const signerKey = key === undefined ? null : checkSignerKey(decodeBase64(key));
  const read = {
    cost: checkScryptCost(cost),
    saltSeparator: decodeBase64(separator),
    salt: checkSalt(decodeBase64(salt)),
    hash: checkSignerKey(decodeBase64(hash)),
    signerKey,
    id: id ?? (signerKey === null ? '' : signerKeyId(signerKey)),
  };
  checkSalt(Buffer.concat([read.salt, read.saltSeparator]));
  if (signerKey !== null && read.hash.length !== signerKey.length) throw new HashError('bad_hash');
  return read;
}

/**
 * Reads Firebase's hash in Supabase's form, with the signer key in the text (`sk=`), or in ours, with the id of a stored key
 * (`key=`).
 * @throws HashError
 */
export function readFirebaseScrypt(text: string): StoredHash {
  const { cost, saltSeparator, salt, hash, signerKey: inText, id } = parse(text);
  return {
    kind: `fbscrypt ${cost.n},${cost.r},${cost.p}`,
    text: 'typed',
    signerKeyId: inText === null ? id : null,
    async fits(password, stored) {
      const signerKey = inText ?? stored;
      if (signerKey === null) return false;
      const input = { cost, salt: Buffer.concat([salt, saltSeparator]), signerKey };
      return isSameKey(await hashOf(password, input), hash);
    },
  };
}

/** Spells a hash of Firebase so that it names its signer key by the id. */
export function spellFirebaseScrypt({
  cost,
  saltSeparator,
  salt,
  hash,
  id,
}: Omit<Parts, 'signerKey'>): string {
  const parameters = `v=1,n=${Math.log2(cost.n)},r=${cost.r},p=${cost.p},ss=${saltSeparator.toString('base64')}`;
  return `$fbscrypt$${parameters},key=${id}$${salt.toString('base64')}$${hash.toString('base64')}`;
}

/**
 * Takes the signer key out of Supabase's form of the hash, so that it is stored once.
 * @returns null for the key if the text names it by its id
 * @throws HashError
 */
export function withoutSignerKey(text: string): { hash: string; signerKey: Buffer | null } {
  const parts = parse(text);
  return { hash: spellFirebaseScrypt(parts), signerKey: parts.signerKey };
}
