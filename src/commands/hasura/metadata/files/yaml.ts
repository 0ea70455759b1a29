import { type Document, parseDocument, type ScalarTag, stringify } from 'yaml';

const FORMAT = { lineWidth: 0, singleQuote: false, aliasDuplicateObjects: false } as const;

/** Parses a YAML tag `!include` into the quoted form, since the CLI accepts both. */
export const includeTag: ScalarTag = { tag: '!include', resolve: (path: string) => `!include ${path}` };

/** Returns YAML. Texts like `!include …` are quoted, as in the files of Hasura's CLI. */
export const yamlText = (value: unknown): string => stringify(value, FORMAT);

/** Returns the text of a changed document, with its comments. */
export const documentText = (document: Document): string => document.toString(FORMAT);

/** Parses a file of the metadata. @throws Error that names the file, if it is not YAML */
export function parseFile(path: string, text: string): Document.Parsed {
  const document = parseDocument(text, {
    customTags: [includeTag],
    uniqueKeys: true,
    keepSourceTokens: true,
  });
  const [error] = document.errors;
  if (error === undefined) return document;
  throw new Error(`hasura/${path} is not YAML: ${error.message.split('\n')[0]}`);
}
