import {
  readEmail,
  readFlag,
  readHttpDate,
  readMilliseconds,
  readName,
  readObject,
  readObjects,
  readText,
} from '../fields.ts';
import { type ImportedPassword, NO_PASSWORD } from '../hashes.ts';
import { type ImportedPerson, idFor, type LinkedAccount, rolesIn } from '../person.ts';
import { providerName } from '../providers.ts';
import type { Fields } from '../records.ts';
import { RowFault } from '../row-fault.ts';
import { type FirebaseProject, hashOfProject } from './firebase-project.ts';

/** What Firebase lists beside providers: the ways that need no link. */
const NO_LINKS = new Set(['password', 'phone', 'anonymous', 'firebase', 'custom', 'emailLink']);

/** Reads the links of the command-line tool (`providerUserInfo`) or of the Admin SDK (`providerData`). */
function readAccounts(row: Fields): LinkedAccount[] {
  return readObjects(row.providerUserInfo ?? row.providerData).flatMap((info) => {
    const [provider, subject] = [readText(info.providerId), readText(info.rawId) ?? readText(info.uid)];
    if (provider === null || NO_LINKS.has(provider)) return [];
    if (subject === null) throw new RowFault('bad_row');
    return [{ provider: providerName(provider), subject, email: readText(info.email), createdAt: null }];
  });
}

function readPassword(row: Fields, project: FirebaseProject | null): ImportedPassword {
  const hash = readText(row.passwordHash);
  if (hash === null) return NO_PASSWORD;
  const salt = readText(row.salt) ?? readText(row.passwordSalt);
  return hashOfProject(project, { hash, salt: salt ?? '' });
}

/** Reads a user of `firebase auth:export` or of the Admin SDK's `listUsers`. @throws RowFault */
export function readFirebaseUser(row: Fields, project: FirebaseProject | null): ImportedPerson {
  const formerId = readText(row.localId) ?? readText(row.uid);
  if (formerId === null || formerId.length > 128) throw new RowFault('bad_id');
  const accounts = readAccounts(row);
  const email = readEmail(row.email);
  if (email === null)
    throw readText(row.phoneNumber) === null && accounts.length === 0
      ? new RowFault('anonymous', 'skipped')
      : new RowFault('no_email');
  const name = readName(row.displayName);
  const metadata = readObject(row.metadata);
  const createdAt = metadata === null ? readMilliseconds(row.createdAt) : readHttpDate(metadata.creationTime);
  const factors = readObjects(row.mfaInfo ?? readObject(row.multiFactor)?.enrolledFactors);
  return {
    id: idFor('firebase', formerId),
    formerId,
    email,
    name,
    isVerified: readFlag(row.emailVerified),
    verifiedAt: null,
    createdAt: createdAt ?? new Date(),
    isDisabled: readFlag(row.disabled),
    password: readPassword(row, project),
    hasSecondFactor: factors.length > 0,
    roles: rolesIn(readObject(row.customAttributes ?? row.customClaims)),
    accounts,
    notes: name === null && readText(row.displayName) !== null ? ['name_dropped'] : [],
  };
}

/** The first of the four columns of each provider. */
const PROVIDER_COLUMNS: readonly (readonly [number, string])[] = [
  ...([
    [7, 'google.com'],
    [11, 'facebook.com'],
    [15, 'twitter.com'],
    [19, 'github.com'],
  ] as const),
  ...([
    [28, 'apple.com'],
    [32, 'microsoft.com'],
    [36, 'gc.apple.com'],
  ] as const),
  ...([
    [40, 'playgames.google.com'],
    [44, 'linkedin.com'],
    [48, 'yahoo.com'],
  ] as const),
];
const COLUMNS = 52;

/** Turns a row of the CSV export, which has no header, into the fields of the JSON export; null for another number of columns. */
export function firebaseColumns(cells: readonly string[]): Fields | null {
  const isWhole = cells.length === COLUMNS || (cells.length === COLUMNS + 1 && cells[COLUMNS] === '');
  if (!isWhole) return null;
  return {
    localId: cells[0],
    email: cells[1],
    emailVerified: cells[2],
    passwordHash: cells[3],
    salt: cells[4],
    displayName: cells[5],
    createdAt: cells[23],
    phoneNumber: cells[25],
    disabled: cells[26],
    customAttributes: cells[27],
    providerUserInfo: PROVIDER_COLUMNS.filter(([at]) => cells[at] !== '').map(([at, providerId]) => ({
      providerId,
      rawId: cells[at],
      email: cells[at + 1],
    })),
  };
}
