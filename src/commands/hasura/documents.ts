import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codegen } from '@graphql-codegen/core';
import { parse } from 'graphql';
import { parse as parseYaml } from 'yaml';

/**
 * Keeps the typed documents of `hasura/frontend/` in step with the role SDL. `npm run hasura:generate` writes them. `npm run
 * hasura:check` fails if they differ.
 */
const folder = fileURLToPath(new URL('../../../hasura/frontend', import.meta.url));

type Plugin = Parameters<typeof codegen>[0]['pluginMap'][string];
type Output = { plugins: string[]; config: Record<string, unknown> };
type CodegenConfig = { schema: string; documents: string; generates: Record<string, Output> };

/**
 * Generates what `graphql-codegen` would write in this folder for a configuration with one schema and one file of documents.
 */
export async function generateDocuments(config: string, directory = folder): Promise<Map<string, string>> {
  const { schema, documents, generates } = parseYaml(config) as CodegenConfig;
  const read = async (path: string) => parse(await readFile(join(directory, path), 'utf8'));
  const [schemaNode, document] = await Promise.all([read(schema), read(documents)]);
  const generated = Object.entries(generates).map(async ([filename, output]): Promise<[string, string]> => {
    const pluginMap: Record<string, Plugin> = {};
    for (const name of output.plugins) pluginMap[name] = await import(`@graphql-codegen/${name}`);
    const plugins = output.plugins.map((name) => ({ [name]: {} }));
    const source = [{ location: documents, document }];
    const content = await codegen({
      ...{ filename, pluginMap, plugins },
      ...{ schema: schemaNode, documents: source, config: output.config },
    });
    return [filename, content];
  });
  return new Map(await Promise.all(generated));
}

async function main(): Promise<void> {
  for (const [name, content] of await generateDocuments(
    await readFile(join(folder, 'codegen.yml'), 'utf8'),
  )) {
    const path = join(folder, name);
    if (!process.argv.includes('--check')) await writeFile(path, content);
    else if ((await readFile(path, 'utf8').catch(() => '')) !== content) {
      process.stderr.write(`hasura/frontend/${name} is out of date: run npm run hasura:generate\n`);
      process.exitCode = 1;
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
