import { createHash, createHmac } from 'node:crypto';
import { isIP } from 'node:net';
import { storableUserAgent } from '../../../../audit/device.ts';
import { readEmail, readFlag, readMoment, readName, readObject, readText, readUuid } from '../fields.ts';
import { readHash } from '../hashes.ts';
import { type ImportedPerson, type LinkedAccount, rolesIn } from '../person.ts';
import { providerName } from '../providers.ts';
import type { Fields } from '../records.ts';
import { RowFault } from '../row-fault.ts';
import type { ImportedSession } from '../session.ts';

/** GoTrue encrypts a column as a JSON object with these members, if its operator configured a key. */
const isEncrypted = (text: string): boolean => text.startsWith('{') && text.includes('"key_id"');

const readBan = (value: unknown): boolean => {
  if (value === 'infinity') return true;
  const until = readMoment(value);
  return until !== null && until.getTime() > Date.now();
};

/** Reads a row of Supabase's `auth.users`. What a person writes (`raw_user_meta_data`) gives a name and no role. @throws RowFault */
export function readSupabaseUser(row: Fields): ImportedPerson {
  const id = readUuid(row.id);
  if (readText(row.deleted_at) !== null) throw new RowFault('deleted', 'skipped');
  const email = readEmail(row.email);
  if (email === null)
    throw readFlag(row.is_anonymous) ? new RowFault('anonymous', 'skipped') : new RowFault('no_email');
  const passwordText = readText(row.encrypted_password);
  if (passwordText !== null && isEncrypted(passwordText)) throw new RowFault('hash_encrypted');
  const person = readObject(row.raw_user_meta_data) ?? {};
  const typed = person.full_name ?? person.name ?? person.display_name;
  const name = readName(typed);
  // Not `confirmed_at`: Supabase also sets it when only the phone number was confirmed.
  const verifiedAt = readMoment(row.email_confirmed_at);
  return {
    id,
    formerId: null,
    email,
    name,
    isVerified: verifiedAt !== null,
    verifiedAt,
    createdAt: readMoment(row.created_at) ?? new Date(),
    isDisabled: readBan(row.banned_until),
    password: readHash(passwordText),
    hasSecondFactor: false,
    roles: rolesIn(readObject(row.raw_app_meta_data)),
    accounts: [],
    notes: name === null && typeof typed === 'string' && typed !== '' ? ['name_dropped'] : [],
  };
}

/** Reads a row of `auth.identities`; null for an address or a number, which is not a link. @throws RowFault */
export function readSupabaseIdentity(row: Fields): { userId: string; account: LinkedAccount } | null {
  const userId = readUuid(row.user_id);
  const data = readObject(row.identity_data) ?? {};
  const provider = readText(row.provider);
  // Until 2023-11 the column `id` held the subject.
  const subject = readText(row.provider_id) ?? readText(data.sub) ?? readText(row.id);
  if (provider === null || subject === null) throw new RowFault('bad_row');
  if (provider === 'email' || provider === 'phone') return null;
  const email = readText(row.email) ?? readText(data.email);
  return {
    userId,
    account: { provider: providerName(provider), subject, email, createdAt: readMoment(row.created_at) },
  };
}

/** Reads a row of `auth.mfa_factors`: the user of a verified factor, or null. @throws RowFault */
export const readSupabaseFactor = (row: Fields): string | null =>
  readText(row.status) === 'verified' ? readUuid(row.user_id) : null;

/** A session, whose token may stand in another table. */
export type SupabaseSession = Omit<ImportedSession, 'tokenHash'> & { tokenHash: string | null };

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Reads a row of `auth.sessions`. Tokens of version 2 stand in no table: they are computed from the row. @throws RowFault */
export function readSupabaseSession(row: Fields): SupabaseSession {
  const id = readUuid(row.id);
  const createdAt = readMoment(row.created_at) ?? new Date();
  const address = readText(row.ip)?.replace(/\/(?:32|128)$/, '') ?? null;
  return {
    id,
    userId: readUuid(row.user_id),
    tokenHash: readCounterToken(id, row),
    createdAt,
    lastUsedAt: readUtc(row.refreshed_at) ?? createdAt,
    expiresAt: readMoment(row.not_after),
    userAgent: storableUserAgent(readText(row.user_agent)),
    address: address !== null && isIP(address) !== 0 ? address : null,
  };
}

/** The column `refreshed_at` has no zone: it is in UTC. */
function readUtc(value: unknown): Date | null {
  const text = readText(value);
  return text === null
    ? null
    : readMoment(/(?:Z|[+-]\d\d(?::?\d\d)?)$/.test(text.slice(10)) ? text : `${text}Z`);
}

function readCounterToken(id: string, row: Fields): string | null {
  const keyText = readText(row.refresh_token_hmac_key);
  if (keyText === null) return null;
  if (isEncrypted(keyText)) throw new RowFault('token_encrypted');
  const counter = readText(row.refresh_token_counter) ?? '';
  if (!/^[A-Za-z0-9_-]{22,86}={0,2}$/.test(keyText) || !/^\d{1,18}$/.test(counter))
    throw new RowFault('bad_row');
  const key = Buffer.from(keyText, 'base64url');
  const body = Buffer.concat([
    Buffer.from([0]),
    Buffer.from(id.replaceAll('-', ''), 'hex'),
    encodeUvarint(BigInt(counter)),
  ]);
  const signed = Buffer.concat([body, createHmac('sha256', key).update(body).digest().subarray(0, 16)]);
  const checksum = createHash('sha256').update(signed).digest().subarray(0, 4);
  return sha256Hex(Buffer.concat([signed, checksum]).toString('base64url'));
}

/** Seven bits in each byte, the lowest first; the highest bit says that more follow. */
function encodeUvarint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A token of version 1. */
export type SupabaseToken = { sessionId: string; number: string; tokenHash: string };

/** Reads a row of `auth.refresh_tokens`; null if the token is revoked. @throws RowFault */
export function readSupabaseToken(row: Fields): SupabaseToken | null {
  const [token, number] = [readText(row.token), readText(row.id)];
  if (token === null || number === null || !/^\d{1,18}$/.test(number)) throw new RowFault('bad_row');
  if (readFlag(row.revoked)) return null;
  if (readText(row.session_id) === null) throw new RowFault('unknown_session');
  return { sessionId: readUuid(row.session_id), number, tokenHash: sha256Hex(token) };
}
