import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { dirname, resolve } from 'node:path';
import { expect, test } from 'vitest';

/** The packages that a file of the source needs at run time, through all files that it imports. */
async function packagesOf(entry: string): Promise<Set<string>> {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const queue = [resolve(entry)];
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (seen.has(path)) continue;
    seen.add(path);
    const source = await readFile(path, 'utf8');
    for (const [, specifier = ''] of source.matchAll(/^(?:import|export)(?! type )[^;]*?from '([^']+)';/gm)) {
      if (specifier.startsWith('.')) queue.push(resolve(dirname(path), specifier));
      else
        packages.add(
          specifier
            .split('/')
            .slice(0, specifier.startsWith('@') ? 2 : 1)
            .join('/'),
        );
    }
  }
  return packages;
}

test('the installer runs with the packages of the image, which has no development dependencies', async () => {
  const { dependencies } = JSON.parse(await readFile('package.json', 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const needed = [...(await packagesOf('src/commands/hasura/install.ts'))].filter(
    (name) => !name.startsWith('node:'),
  );
  expect(needed).toContain('lossless-json');
  expect(needed).toContain('drizzle-orm');
  expect(needed.filter((name) => !builtinModules.includes(name) && !(name in dependencies))).toEqual([]);
  // The same search finds the development dependency of the generator.
  expect(await packagesOf('src/commands/hasura/generate.ts')).toContain('yaml');
});
