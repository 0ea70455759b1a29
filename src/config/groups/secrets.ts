import { z } from 'zod';
import { list, secrets } from '../parsers.ts';
import { variable } from '../variable.ts';
import type { Environment } from '../variables.ts';

const keyEncryptionKey = z
  .base64('must be base64')
  .refine((value) => Buffer.from(value, 'base64').length === 32, 'must be 32 bytes in base64')
  .transform((value): Uint8Array => Buffer.from(value, 'base64'));

/** The secret shared with Hasura, and the keys that encrypt the signing keys. */
export const secretVariables = {
  INTERNAL_ENDPOINTS_SECRET: variable({
    parser: secrets(),
    description:
      'Secret shared with Hasura, of at least 32 characters. It guards the internal endpoints, the actions and the session headers. While you rotate it: two secrets, separated by a comma.',
    shownDefault: 'made in DATA_DIR',
    secret: true,
    requiredInProduction: true,
  }),
  KEY_ENCRYPTION_KEYS: variable({
    parser: list().pipe(z.array(keyEncryptionKey).min(1).max(2, 'must be one key or two')),
    description:
      'Encrypts the private signing keys: one key or two, separated by a comma. Each is 32 random bytes in base64. The first key encrypts, both decrypt.',
    shownDefault: 'made in DATA_DIR',
    secret: true,
    requiredInProduction: true,
  }),
};

export const secretConfig = (e: Environment) => ({
  /** One or two secrets, the current one first; empty until the development secret is made. */
  internalSecrets: e.INTERNAL_ENDPOINTS_SECRET ?? [],
  keyEncryptionKeys: e.KEY_ENCRYPTION_KEYS ?? [],
});
