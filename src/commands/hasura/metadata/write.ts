import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** Folders that hold only generated files. */
const GENERATED_FOLDERS = ['metadata', 'roles'];

async function presentFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Writes the generated files, and deletes other files in their folders. Returns the number of files written. */
export async function writeMetadata(directory: string, files: ReadonlyMap<string, string>): Promise<number> {
  const present = await Promise.all(GENERATED_FOLDERS.map((folder) => presentFiles(join(directory, folder))));
  for (const path of present.flat()) if (!files.has(relative(directory, path))) await rm(path);
  for (const [path, content] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return files.size;
}
