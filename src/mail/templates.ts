import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../config.ts';
import { type Mail, type MailKind, type MailValues, mailKinds, placeholders } from './message.ts';
import { de } from './templates/de.ts';
import { en } from './templates/en.ts';
import { composeSources, type Locale, type MailPart } from './templates/locale.ts';

const locales: Readonly<Record<string, Locale>> = { en, de };

/** How a part's file is called, behind its kind. */
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

const escapeHtml = (text: string): string => text.replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`);
const oneLine = (text: string): string => text.replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();

function compile(part: MailPart, kind: MailKind, source: string, problem: (text: string) => void): Template {
  const known: readonly string[] = placeholders[kind];
  for (const [whole, name = ''] of source.matchAll(PLACEHOLDER))
    if (!known.includes(name.trim()))
      problem(`unknown placeholder ${whole}; known: ${known.map((one) => `{{${one}}}`).join(' ')}`);
  const fill = (values: Record<string, string>, spell: (text: string) => string) =>
    source.replace(PLACEHOLDER, (_, name: string) => spell(values[name.trim()] ?? ''));
  if (part === 'html') return (values) => fill(values, escapeHtml);
  if (part === 'subject') return (values) => oneLine(fill(values, oneLine));
  return (values) => fill(values, oneLine);
}

/** `de-AT`, then `de`, then `en`. */
const fallbacks = (locale: string): string[] => [
  ...new Set([locale, locale.split('-', 1)[0] ?? locale, 'en']),
];

/** The operator's files, by `<locale>/<kind><extension>`. A name that no template has is a mistake. */
async function readOwn(directory: string, chain: string[], problems: string[]): Promise<Map<string, string>> {
  const known = new Set(mailKinds.flatMap((kind) => parts.map((part) => `${kind}${EXTENSIONS[part]}`)));
  const files = new Map<string, string>();
  let found = false;
  for (const locale of chain) {
    const names = await readdir(join(directory, locale)).catch(() => null);
    found ||= names !== null;
    for (const name of names ?? []) {
      const path = join(directory, locale, name);
      if (known.has(name)) files.set(`${locale}/${name}`, await readFile(path, 'utf8'));
      else if (/\.(txt|html)$/.test(name)) problems.push(`${path}: no mail has a template of this name`);
    }
  }
  if (!found) problems.push(`MAIL_TEMPLATES_DIR: ${directory} has no folder ${chain.join(' or ')}`);
  return files;
}

/**
 * Reads the templates of a locale, the operator's before the built-in ones, and what it lacks from `en`.
 * @throws ConfigError naming every file that has an unknown placeholder or name
 */
export async function loadMailTemplates(options: {
  locale: string;
  templatesDir: string | null;
}): Promise<MailTemplates> {
  const chain = fallbacks(options.locale);
  const problems: string[] = [];
  const directory = options.templatesDir;
  const own = directory === null ? new Map<string, string>() : await readOwn(directory, chain, problems);
  const load = (kind: MailKind, part: MailPart): Template => {
    for (const locale of chain) {
      const name = `${locale}/${kind}${EXTENSIONS[part]}`;
      const builtIn = locales[locale];
      const source =
        own.get(name) ?? (builtIn && composeSources(locale, builtIn.mails[kind])[part]) ?? undefined;
      if (source !== undefined)
        return compile(part, kind, source, (text) =>
          problems.push(`${join(directory ?? '', name)}: ${text}`),
        );
    }
    throw new Error(`There is no template for ${kind}.`);
  };
  const templates = new Map(
    mailKinds.map((kind) => [
      kind,
      { subject: load(kind, 'subject'), text: load(kind, 'text'), html: load(kind, 'html') },
    ]),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return {
    words: chain.map((locale) => locales[locale]?.words).find((words) => words !== undefined) ?? en.words,
    render(kind, values) {
      const template = templates.get(kind);
      if (template === undefined) throw new Error(`There is no template for ${kind}.`);
      return { subject: template.subject(values), text: template.text(values), html: template.html(values) };
    },
  };
}
