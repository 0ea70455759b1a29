import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../config/read-config.ts';
import { escapeHtml } from './html.ts';
import { type MailKind, type MailValues, mailKinds, mails } from './kinds.ts';
import type { Mail } from './message.ts';
import { de } from './templates/de.ts';
import { en } from './templates/en.ts';
import { composeSources, type Locale, type MailPart } from './templates/locale.ts';

const locales: Readonly<Record<string, Locale>> = { en, de };

/** What follows the kind in the name of a part's file. */
const EXTENSIONS = { subject: '.subject.txt', text: '.txt', html: '.html' } as const satisfies Record<
  MailPart,
  string
>;
const parts = Object.keys(EXTENSIONS) as MailPart[];

export type MailTemplates = {
  render<Kind extends MailKind>(
    kind: Kind,
    values: MailValues<Kind>,
  ): Pick<Mail, 'subject' | 'text' | 'html'>;
  words: Locale['words'];
};

type Template = (values: Record<string, string>) => string;

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();

function compile(part: MailPart, source: string): Template {
  const fill = (values: Record<string, string>, spell: (text: string) => string) =>
    source.replace(PLACEHOLDER, (_, name: string) => spell(values[name.trim()] ?? ''));
  if (part === 'html') return (values) => fill(values, escapeHtml);
  if (part === 'subject') return (values) => oneLine(fill(values, oneLine));
  return (values) => fill(values, oneLine);
}

function unknownPlaceholders(kind: MailKind, source: string): string[] {
  const known: readonly string[] = mails[kind].placeholders;
  return [...source.matchAll(PLACEHOLDER)]
    .filter(([, name = '']) => !known.includes(name.trim()))
    .map(([whole]) => `unknown placeholder ${whole}; known: ${known.map((name) => `{{${name}}}`).join(' ')}`);
}

/** `de-AT`, then `de`, then `en`. */
const fallbacks = (locale: string): string[] => [
  ...new Set([locale, locale.split('-', 1)[0] ?? locale, 'en']),
];

const fileNames: ReadonlyMap<string, MailKind> = new Map(
  mailKinds.flatMap((kind) => parts.map((part) => [`${kind}${EXTENSIONS[part]}`, kind] as const)),
);

/** Reads the operator's files, by `<locale>/<kind><extension>`, and lists their problems. */
async function readOwn(directory: string, chain: string[]) {
  const files = new Map<string, string>();
  const problems: string[] = [];
  let found = false;
  for (const locale of chain) {
    const names = await readdir(join(directory, locale)).catch(() => null);
    found ||= names !== null;
    for (const name of names ?? []) {
      const path = join(directory, locale, name);
      const kind = fileNames.get(name);
      if (kind !== undefined) {
        const source = await readFile(path, 'utf8');
        files.set(`${locale}/${name}`, source);
        problems.push(...unknownPlaceholders(kind, source).map((problem) => `${path}: ${problem}`));
      } else if (/\.(txt|html)$/.test(name)) problems.push(`${path}: no mail has a template of this name`);
    }
  }
  if (!found) problems.push(`MAIL_TEMPLATES_DIR: ${directory} has no folder ${chain.join(' or ')}`);
  return { files, problems };
}

function compileAll(chain: string[], own: ReadonlyMap<string, string>) {
  const load = (kind: MailKind, part: MailPart): Template => {
    for (const locale of chain) {
      const replaced = own.get(`${locale}/${kind}${EXTENSIONS[part]}`);
      if (replaced !== undefined) return compile(part, replaced);
      const builtIn = locales[locale]?.mails[kind];
      if (builtIn !== undefined) return compile(part, composeSources(locale, builtIn)[part]);
    }
    throw new Error(`The mail ${kind} has no template.`);
  };
  return new Map(
    mailKinds.map((kind) => [
      kind,
      { subject: load(kind, 'subject'), text: load(kind, 'text'), html: load(kind, 'html') },
    ]),
  );
}

/**
 * Loads the templates of a locale. The operator's replace the built-in ones. A template that the locale lacks is taken from
 * `en`.
 * @throws ConfigError naming every file that has an unknown placeholder or name
 */
export async function loadMailTemplates(options: {
  locale: string;
  templatesDir: string | null;
}): Promise<MailTemplates> {
  const chain = fallbacks(options.locale);
  const nothing = { files: new Map<string, string>(), problems: [] };
  const own = options.templatesDir === null ? nothing : await readOwn(options.templatesDir, chain);
  if (own.problems.length > 0) throw new ConfigError(own.problems);
  const templates = compileAll(chain, own.files);
  return {
    words: chain.map((locale) => locales[locale]?.words).find((words) => words !== undefined) ?? en.words,
    render(kind, values) {
      const template = templates.get(kind);
      if (template === undefined) throw new Error(`The mail ${kind} has no template.`);
      return { subject: template.subject(values), text: template.text(values), html: template.html(values) };
    },
  };
}
