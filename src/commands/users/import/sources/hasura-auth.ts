import { readEmail, readFlag, readMoment, readName, readText, readUuid } from '../fields.ts';
import { NO_PASSWORD, readHash } from '../hashes.ts';
import type { ImportedPerson, LinkedAccount } from '../person.ts';
import { idFor } from '../person.ts';
import { providerName } from '../providers.ts';
import type { Fields } from '../records.ts';
import { RowFault } from '../row-fault.ts';
import type { ImportedSession } from '../session.ts';

/** Reads a row of hasura-auth's `auth.users`. @throws RowFault */
export function readHasuraAuthUser(row: Fields): ImportedPerson {
  const id = readUuid(row.id);
  const email = readEmail(row.email);
  if (email === null)
    throw readFlag(row.is_anonymous) ? new RowFault('anonymous', 'skipped') : new RowFault('no_email');
  const name = readName(row.display_name);
  const createdAt = readMoment(row.created_at) ?? new Date();
  const role = readText(row.default_role);
  const passwordText = readText(row.password_hash);
  return {
    id,
    formerId: null,
    email,
    name,
    isVerified: readFlag(row.email_verified),
    verifiedAt: null,
    createdAt,
    isDisabled: readFlag(row.disabled),
    password: passwordText === null ? NO_PASSWORD : readHash(passwordText),
    // A person who began and never confirmed a second factor has `totp_secret` alone.
    hasSecondFactor: readText(row.active_mfa_type) !== null,
    roles: role === null ? [] : [role],
    accounts: [],
    notes: name === null && readText(row.display_name) !== null ? ['name_dropped'] : [],
  };
}

/** Reads a row of `auth.user_roles`. @throws RowFault */
export function readHasuraAuthRole(row: Fields): { userId: string; role: string } {
  const role = readText(row.role);
  if (role === null) throw new RowFault('bad_row');
  return { userId: readUuid(row.user_id), role };
}

/** Reads a row of `auth.user_providers`. @throws RowFault */
export function readHasuraAuthProvider(row: Fields): { userId: string; account: LinkedAccount } {
  const [provider, subject] = [readText(row.provider_id), readText(row.provider_user_id)];
  if (provider === null || subject === null) throw new RowFault('bad_row');
  const account = {
    provider: providerName(provider),
    subject,
    email: null,
    createdAt: readMoment(row.created_at),
  };
  return { userId: readUuid(row.user_id), account };
}

/** Postgres writes `\x`, and COPY in its text format doubles the backslash. */
const BYTEA = /^\\{1,2}x(?<hex>[0-9a-f]{64})$/;

/** Reads a row of `auth.refresh_tokens`. @throws RowFault */
export function readHasuraAuthToken(row: Fields): ImportedSession {
  const userId = readUuid(row.user_id);
  const type = readText(row.type) ?? 'regular';
  if (type === 'pat') throw new RowFault('personal_access_token', 'skipped');
  const tokenHash = BYTEA.exec(readText(row.refresh_token_hash) ?? '')?.groups?.hex;
  if (type !== 'regular') throw new RowFault('bad_row');
  if (tokenHash === undefined) throw new RowFault('bad_hash');
  const expiresAt = readMoment(row.expires_at);
  if (expiresAt === null) throw new RowFault('bad_time');
  const createdAt = readMoment(row.created_at) ?? new Date();
  return {
    // The row keeps its id while its token is exchanged: a later export replaces the token of an unused session.
    id: readText(row.id) === null ? idFor('hasura-auth token', tokenHash) : readUuid(row.id),
    userId,
    tokenHash,
    createdAt,
    lastUsedAt: createdAt,
    expiresAt,
    userAgent: null,
    address: null,
  };
}

/** Reads a row of `auth.user_security_keys`: its user had a second factor. @throws RowFault */
export const readHasuraAuthSecurityKey = (row: Fields): string => readUuid(row.user_id);
