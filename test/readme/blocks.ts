import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The text under a heading of a Markdown file, up to the next one of the same level. */
export async function sectionOf(file: string, heading: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`${file} has no section "${heading}".`);
  return section;
}

const blocksWithin = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, code = '']) => code);

/** The code blocks of a section in a language. */
export const blocksOf = async (file: string, heading: string, language: string): Promise<string[]> =>
  blocksWithin(await sectionOf(file, heading), language);

/** The code blocks of a whole file in a language. */
export const blocksIn = async (file: string, language: string): Promise<string[]> =>
  blocksWithin(await readFile(file, 'utf8'), language);

const FRONTEND = 'hasura/frontend';

/** The text of a file that a frontend copies. */
export const frontendFile = (name: string): Promise<string> => readFile(join(FRONTEND, name), 'utf8');

/** The TypeScript files that a frontend copies, by name. */
export async function frontendCode(): Promise<Map<string, string>> {
  const names = (await readdir(FRONTEND)).filter((name) => name.endsWith('.ts'));
  return new Map(
    await Promise.all(names.map(async (name): Promise<[string, string]> => [name, await frontendFile(name)])),
  );
}
