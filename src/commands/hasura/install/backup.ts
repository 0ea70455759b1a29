import { mkdir, open, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { replaceOperation } from './engine-metadata.ts';
import { type JsonObject, writeJson } from './json.ts';
import { InstallRefusal } from './refusal.ts';

export type Backup = { path: string; discard: () => Promise<void> };

/**
 * Writes the engine's metadata into a new file that only its owner can read: an export shows literal secrets. The file is the
 * request that puts the metadata back.
 * @param folder null for the working directory. A folder that does not exist is made
 * @throws InstallRefusal if the file cannot be written
 */
export async function writeBackup(metadata: JsonObject, folder: string | null, now: Date): Promise<Backup> {
  const name = `hasura-metadata-${now.toISOString().replaceAll(/[:.]/g, '-')}.json`;
  const path = resolve(join(folder ?? '.', name));
  try {
    if (folder !== null) await mkdir(folder, { recursive: true, mode: 0o700 });
    // Exclusive: never another file, and never through a link.
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${writeJson(replaceOperation(metadata, true))}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new InstallRefusal(
      `Nothing was changed: the backup ${path} cannot be written (${code}). Use --backup <folder>.`,
    );
  }
  return { path, discard: () => rm(path, { force: true }) };
}
