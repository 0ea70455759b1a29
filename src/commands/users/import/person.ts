import { v5 as uuidv5 } from 'uuid';
import type { ImportedPassword } from './hashes.ts';
import type { Fields } from './records.ts';
import type { Reason } from './row-fault.ts';

/** An account at a provider. */
export type LinkedAccount = Readonly<{
  provider: string;
  subject: string;
  email: string | null;
  createdAt: Date | null;
}>;

/** A person of an export. */
export type ImportedPerson = Readonly<{
  id: string;
  /** The id in the other system, if it is not a UUID. */
  formerId: string | null;
  email: string;
  name: string | null;
  isVerified: boolean;
  /** When the address was verified; null if the export does not tell. */
  verifiedAt: Date | null;
  createdAt: Date;
  isDisabled: boolean;
  password: ImportedPassword;
  /** Whether a second factor protected the account, as far as this row tells. */
  hasSecondFactor: boolean;
  roles: readonly string[];
  accounts: readonly LinkedAccount[];
  /** What the report says beside the import. */
  notes: readonly Reason[];
}>;

/** The namespace of ids that are made of ids of other systems (RFC 9562, version 5). It must never change. */
const NAMESPACE = '5f1c5c40-6b0c-4f0e-9d0b-3e1f0a6d2c11';

/** Makes the id of a person whose former id is not a UUID. The same person gets the same id again. */
export const idFor = (source: string, formerId: string): string => uuidv5(`${source}:${formerId}`, NAMESPACE);

const HASURA_CLAIMS = 'https://hasura.io/jwt/claims';

const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).filter((entry): entry is string => typeof entry === 'string');

/** The roles in metadata that only an operator can write: `role`, `roles`, and the allowed roles of Hasura's claims. */
export function rolesIn(metadata: Fields | null): string[] {
  if (metadata === null) return [];
  const claims: unknown = metadata[HASURA_CLAIMS];
  const allowed =
    typeof claims === 'object' && claims !== null && 'x-hasura-allowed-roles' in claims
      ? claims['x-hasura-allowed-roles']
      : [];
  return [...new Set([metadata.role, metadata.roles, allowed].flatMap(textsOf))].slice(0, 64);
}
