import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';

const INSTALLED_OR_BUILT = new Set(['node_modules', 'dist']);

/** The text files of the repository by path, without hidden folders. */
export async function repositoryFiles(isWanted: (path: string) => boolean): Promise<Map<string, string>> {
  const top = await readdir('.', { withFileTypes: true });
  const paths = await Promise.all(
    top.map(async (entry) => {
      if (entry.isFile()) return [entry.name];
      if (!entry.isDirectory() || entry.name.startsWith('.') || INSTALLED_OR_BUILT.has(entry.name)) return [];
      const found = await readdir(entry.name, { withFileTypes: true, recursive: true });
      return found.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name));
    }),
  );
  const wanted = paths.flat().filter(isWanted).sort();
  return new Map(
    await Promise.all(
      wanted.map(async (path): Promise<[string, string]> => [path, await readFile(path, 'utf8')]),
    ),
  );
}

export const isReadme = (path: string): boolean => /(?:^|\/)README\.md$/.test(path);

const withoutBlocks = (text: string): string => text.replaceAll(/^```.*?^```$/gms, '');
const plain = (heading: string): string => heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1');

/** The headings of a Markdown text, as they are written. */
export const headingsOf = (text: string): string[] =>
  [...withoutBlocks(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading);

/** The anchors that GitHub gives the headings: a repeated one gets a number. */
export function anchorsOf(text: string): Set<string> {
  const anchors = new Set<string>();
  for (const heading of headingsOf(text)) {
    const slug = plain(heading)
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** The links of a Markdown text into the repository. Ignores code. */
export function linksOf(text: string): string[] {
  const prose = withoutBlocks(text).replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)[^)]*\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/i.test(target));
}

/**
 * Returns the problem of a link; null if its target exists.
 * @param files the paths of the repository, and the texts of its Markdown files
 */
export function problemOf(
  link: string,
  from: string,
  { paths, markdown }: { paths: ReadonlySet<string>; markdown: ReadonlyMap<string, string> },
): string | null {
  const [path = '', anchor] = link.split('#', 2);
  const target = path === '' ? from : normalize(join(dirname(from), decodeURIComponent(path)));
  const folder = target.endsWith('/') ? target : `${target}/`;
  if (!paths.has(target) && ![...paths].some((known) => known.startsWith(folder)))
    return `${from}: ${link}: the file does not exist`;
  if (anchor === undefined) return null;
  const text = markdown.get(target);
  return text !== undefined && anchorsOf(text).has(anchor)
    ? null
    : `${from}: ${link}: the heading does not exist`;
}

/**
 * The sections that a text cites as `path/README.md, "Heading"`, also over several lines of a comment. Leaves out a message that
 * builds the heading at run time.
 */
export function citationsOf(text: string): { path: string; heading: string }[] {
  const joined = text.replaceAll(/\n\s*(?:\*|\/\/|#) ?/g, ' ');
  return [...joined.matchAll(/((?:[\w-]+\/)*README\.md),((?:(?: and|,)? "[^"]+")+)/g)].flatMap(
    ([, path = '', names = '']) =>
      [...names.matchAll(/"([^"$]+)"/g)].map(([, heading = '']) => ({ path, heading })),
  );
}
