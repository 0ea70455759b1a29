import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import {
  checkSignerKey,
  type FirebaseParameters,
  signerKeyId,
  spellFirebaseScrypt,
} from '../../../../crypto/passwords/firebase.ts';
import { checkSalt, decodeBase64, HashError } from '../../../../crypto/passwords/hash-parts.ts';
import { checkScryptCost } from '../../../../crypto/passwords/scrypt.ts';
import { UsageError } from '../../../cli/subcommand.ts';
import { type ImportedPassword, NO_PASSWORD } from '../hashes.ts';
import { RowFault } from '../row-fault.ts';

/** The hash parameters of a Firebase project, from its console. */
export type FirebaseProject = FirebaseParameters & Readonly<{ signerKey: Buffer }>;

const number = z
  .union([
    z.number().int(),
    z
      .string()
      .regex(/^\d{1,9}$/)
      .transform(Number),
  ])
  .pipe(z.number().int().min(1));

/** The console's names, in its own spelling and in that of the SDKs. */
const settings = z.object({
  algorithm: z.literal('SCRYPT', 'must be SCRYPT').default('SCRYPT'),
  signerKey: z.string().min(1),
  saltSeparator: z.string().default(''),
  rounds: number,
  memCost: number,
});

const NAMES: Readonly<Record<string, keyof z.input<typeof settings>>> = {
  algorithm: 'algorithm',
  base64_signer_key: 'signerKey',
  signer_key: 'signerKey',
  signerKey: 'signerKey',
  base64_salt_separator: 'saltSeparator',
  salt_separator: 'saltSeparator',
  saltSeparator: 'saltSeparator',
  rounds: 'rounds',
  mem_cost: 'memCost',
  memCost: 'memCost',
};

/** Reads JSON, or the block of the console: `hash_config { algorithm: SCRYPT, … }`. */
function readPairs(text: string): [string, unknown][] {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? Object.entries(json) : [];
  } catch {
    return [...text.matchAll(/^\s*(\w+)\s*:\s*([^\s,]+),?\s*$/gm)].map(([, name = '', value]) => [
      name,
      value,
    ]);
  }
}

/** Reads the hash parameters of a project. @throws UsageError naming what is wrong, and never a value */
export async function readFirebaseProject(path: string): Promise<FirebaseProject> {
  const pairs = readPairs(await readFile(path, 'utf8'));
  const named = pairs.flatMap(([name, value]) => {
    const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
    return known === undefined ? [] : [[known, value] as const];
  });
  const parsed = settings.safeParse(Object.fromEntries(named));
  if (!parsed.success) {
    const wrong = [...new Set(parsed.error.issues.map(({ path: [name] }) => String(name)))];
    throw new UsageError(`--config: ${wrong.join(', ')} must be as the Firebase console shows it.`);
  }
  const { signerKey, saltSeparator, rounds, memCost } = parsed.data;
  try {
    return {
      cost: checkScryptCost({ n: 2 ** memCost, r: rounds, p: 1 }),
      saltSeparator: checkSalt(decodeBase64(saltSeparator), 0),
      signerKey: checkSignerKey(decodeBase64(signerKey)),
    };
  } catch (error) {
    if (!(error instanceof HashError)) throw error;
    throw new UsageError(
      error.fault === 'hash_too_costly'
        ? '--config: memCost and rounds need more than 64 MiB for each password (hash_too_costly).'
        : '--config: signerKey or saltSeparator is wrong.',
    );
  }
}

/** Makes the stored hash of a person of the project. @throws RowFault `bad_hash` */
export function hashOfProject(
  project: FirebaseProject | null,
  { hash, salt }: { hash: string; salt: string },
): ImportedPassword {
  if (project === null)
    throw new UsageError(
      'The file has password hashes: --config must name the hash parameters of the project.',
    );
  try {
    const { signerKey, cost, saltSeparator } = project;
    const parts = { hash: decodeBase64(hash), salt: checkSalt(decodeBase64(salt)) };
    if (parts.hash.length !== signerKey.length) throw new HashError('bad_hash');
    const id = signerKeyId(signerKey);
    return { ...NO_PASSWORD, hash: spellFirebaseScrypt({ cost, saltSeparator, ...parts, id }), signerKey };
  } catch (error) {
    if (error instanceof HashError) throw new RowFault(error.fault);
    throw error;
  }
}
