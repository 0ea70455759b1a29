import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/**
 * Who may import whom: a file may import its own layer and those below it. Type-only imports are free, since they leave
 * nothing behind. The layers, from the top; the first pattern that matches decides.
 */
const layers: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['main', /^(main|development)\.ts$|^commands\//],
  ['app', /^app\.ts$/],
  ['edges', /^(http|hasura|graphql)\/|[/.]graphql\.ts$/],
  ['flows', /^flows\//],
  ['tables', /^\w+\/tables\.ts$/],
  ['sessions', /^sessions\//],
  ['teams', /^teams\//],
  ['users', /^users\//],
  ['keys and ens', /^(keys|ens)\//],
  ['one-time tokens', /^one-time-tokens\//],
  ['services', /^(mail|audit|captcha|limits|crypto|db)\//],
  ['ground', /^(errors|log|version|environment|config|deps)\.ts$|^(environment|config)\//],
];
const layerOf = (file: string): number => layers.findIndex(([, pattern]) => pattern.test(file));

/** Stands outside the order: tables reference each other, and every domain reads them. */
const isTables = (file: string): boolean => /^[\w-]+\/tables\.ts$/.test(file);
/** Constants and types of a domain's configuration, which the environment's defaults are made of. */
const isDomainConfig = (file: string): boolean => /^[\w-]+\/config\.ts$/.test(file);

const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'"]*?\sfrom\s+)?['"](\.[^'"]+)['"]/gm;
const DYNAMIC = /\bimport\(\s*['"](\.[^'"]+)['"]/g;

async function readImports(): Promise<{ file: string; imported: string }[]> {
  const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'));
  const found = await Promise.all(
    files.map(async (file) => {
      const text = await readFile(join('src', file), 'utf8');
      return [...text.matchAll(IMPORT), ...text.matchAll(DYNAMIC)].map(([, path = '']) => ({
        file,
        imported: normalize(join(dirname(file), path)),
      }));
    }),
  );
  return found.flat();
}

test('every source file belongs to a layer', async () => {
  const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'));
  expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
});

test('nothing imports a layer above its own', async () => {
  const imports = await readImports();
  expect(imports.length).toBeGreaterThan(100);
  const upward = imports
    .filter(({ imported }) => !isTables(imported) && !isDomainConfig(imported))
    .filter(({ file, imported }) => layerOf(imported) < layerOf(file))
    .map(({ file, imported }) => `${file} → ${imported}`);
  expect(upward).toEqual([]);
});

test('only the configuration reads the environment', async () => {
  const files = (await readdir('src', { recursive: true })).filter((file) => file.endsWith('.ts'));
  const readers = [];
  for (const file of files)
    if ((await readFile(join('src', file), 'utf8')).includes('process.env')) readers.push(file);
  // The embedded server is started with a PATH and nothing else of the gateway's environment.
  expect(readers.filter((file) => !/^(main|config|db\/postgres-data)\.ts$|^commands\//.test(file))).toEqual(
    [],
  );
});
