import { readFile } from 'node:fs/promises';

/** The text under a heading of README, up to the next one. */
export async function readmeSection(heading: string): Promise<string> {
  const readme = await readFile('README.md', 'utf8');
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`README.md has no section "${heading}".`);
  return section;
}

/** The code blocks of a section in a language, as they stand there. */
export async function readmeBlocks(heading: string, language: string): Promise<string[]> {
  const section = await readmeSection(heading);
  return [...section.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code,
  );
}

/** The blocks of "From your frontend" whose first line names a file, by that name. */
export async function frontendBlocks(): Promise<Map<string, string>> {
  const blocks = await Promise.all(
    ['ts', 'yaml'].map((language) => readmeBlocks('From your frontend', language)),
  );
  return new Map(blocks.flat().map((code) => [/^(?:\/\/|#) (.+)\n/.exec(code)?.[1] ?? '', code]));
}

/** A block that README shows under this file name. */
export async function frontendBlock(name: string): Promise<string> {
  const code = (await frontendBlocks()).get(name);
  if (code === undefined) throw new Error(`README.md shows no ${name}.`);
  return code;
}
