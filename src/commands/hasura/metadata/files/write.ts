import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MetadataInput } from '../objects/metadata.ts';
import { planMetadata } from './plan.ts';

/**
 * Writes the generated files into a folder, and deletes those that are no longer generated. Returns the number of files.
 * @throws Error as `planMetadata` does; then nothing is written
 */
export async function writeMetadata(directory: string, input: MetadataInput): Promise<number> {
  const { files, removed } = await planMetadata(directory, input);
  for (const path of removed) await rm(join(directory, path));
  for (const [path, content] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return files.size;
}
