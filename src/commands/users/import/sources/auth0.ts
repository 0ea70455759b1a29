import { canonicalEmail } from '../../../../mail/email-address.ts';
import { readEmail, readFlag, readMoment, readName, readObject, readObjects, readText } from '../fields.ts';
import { type ImportedPassword, readCustomHash, readHash } from '../hashes.ts';
import { type ImportedPerson, idFor, type LinkedAccount, rolesIn } from '../person.ts';
import { providerName } from '../providers.ts';
import type { Fields } from '../records.ts';
import { RowFault } from '../row-fault.ts';

const MAX_ID_LENGTH = 255;

/** The connections of Auth0 itself, which link to no other provider: a database, and codes by mail or text message. */
const NO_LINKS = new Set(['auth0', 'email', 'sms']);

/** Auth0's CSV puts an apostrophe before each text. Its JSON does not: there an apostrophe belongs to the text. */
export const withoutApostrophe = (cell: string): string => cell.replace(/^'/, '');

function readAccounts(row: Fields): LinkedAccount[] {
  return readObjects(row.identities).flatMap((identity) => {
    const [provider, subject] = [readText(identity.provider), readText(identity.user_id)];
    if (provider === null || NO_LINKS.has(provider)) return [];
    if (subject === null) throw new RowFault('bad_row');
    return [{ provider: providerName(provider), subject, email: null, createdAt: null }];
  });
}

/** A file for a bulk import holds hashes; an export of profiles holds none. */
function readPassword(row: Fields): ImportedPassword {
  const [plain, custom] = [readText(row.password_hash), readObject(row.custom_password_hash)];
  if (plain !== null && custom !== null) throw new RowFault('bad_row');
  return custom === null ? readHash(plain) : readCustomHash(custom);
}

/** Reads a profile, or a user of a bulk import file. @throws RowFault */
export function readAuth0User(row: Fields): ImportedPerson {
  const email = readEmail(row.email);
  if (email === null) throw new RowFault('no_email');
  const formerId = readText(row.user_id);
  if (formerId !== null && formerId.length > MAX_ID_LENGTH) throw new RowFault('bad_id');
  const typed = readText(row.name);
  // Without a name, Auth0 takes the address.
  const named = typed === null || canonicalEmail(typed) === email ? null : typed;
  const name = readName(named);
  return {
    id: idFor('auth0', formerId ?? email),
    formerId: formerId ?? email,
    email,
    name,
    isVerified: readFlag(row.email_verified),
    verifiedAt: null,
    createdAt: readMoment(row.created_at) ?? new Date(),
    isDisabled: readFlag(row.blocked),
    password: readPassword(row),
    hasSecondFactor: hasFactors(row.mfa_factors) || hasFactors(row.multifactor),
    roles: rolesIn(readObject(row.app_metadata)),
    accounts: readAccounts(row),
    notes: name === null && named !== null ? ['name_dropped'] : [],
  };
}

function hasFactors(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  const text = readText(value);
  return text !== null && text !== '[]';
}

/** Reads a row of the hashes that Auth0's support gives: the id of the profile that it belongs to, and the hash. @throws RowFault */
export function readAuth0Hash(row: Fields): { formerId: string; hash: string } {
  const id = readText(row.alt_id) ?? readText(readObject(row._id)?.$oid);
  const hash = readText(row.passwordHash);
  if (id === null || hash === null) throw new RowFault('bad_row');
  if (id.length > MAX_ID_LENGTH) throw new RowFault('bad_id');
  return { formerId: `auth0|${id}`, hash };
}
