import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** Writes the generated files and removes whatever else `metadata/` holds. Returns how many files were written. */
export async function writeMetadata(directory: string, files: ReadonlyMap<string, string>): Promise<number> {
  const present = await readdir(join(directory, 'metadata'), { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  for (const entry of present) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !files.has(relative(directory, path))) await rm(path);
  }
  for (const [path, content] of files) {
    await mkdir(dirname(join(directory, path)), { recursive: true });
    await writeFile(join(directory, path), content);
  }
  return files.size;
}
