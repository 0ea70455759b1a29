import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { textOf } from './locations.ts';

/** Memory of a token and its part of the tree. Measured with fields of one letter, which take the most. */
const BYTES_PER_TOKEN = 500;
/** The document holds its text once as text and once as values. A character takes two bytes. */
const BYTES_PER_CHARACTER = 4;
/** graphql-js builds a string with escapes from pieces, and each piece stays in memory. */
const BYTES_PER_ESCAPE = 64;

function weightOf(document: DocumentNode, text: string): number {
  let tokens = 0;
  for (let token = document.loc?.startToken ?? null; token !== null; token = token.next) tokens += 1;
  const escapes = text.split('\\').length - 1;
  return BYTES_PER_TOKEN * tokens + BYTES_PER_CHARACTER * text.length + BYTES_PER_ESCAPE * escapes;
}

/** A cache of parsed documents, by their text. It is bounded by their memory. A document over 1 MB is not kept: no app sends one. */
export const createDocumentCache = () =>
  new LRUCache<string, DocumentNode>({
    maxSize: 16 * 1024 * 1024,
    maxEntrySize: 1024 * 1024,
    sizeCalculation: weightOf,
  });

export type DocumentCache = ReturnType<typeof createDocumentCache>;

/**
 * Parses and validates a document once, and caches the result. It keeps valid documents only: a broken one must not take memory
 * or push out a good one. A result is valid for one list of rules, which differs between clients. So every rule needs its own
 * name, and this plugin must come after all plugins that add rules.
 */
export function useDocumentCache(documents: DocumentCache): Plugin {
  const passedBy = new Map<string, WeakSet<DocumentNode>>();
  function passed(rules: readonly { name: string }[]): WeakSet<DocumentNode> {
    const names = rules.map(({ name }) => name).join();
    const known = passedBy.get(names) ?? new WeakSet();
    passedBy.set(names, known);
    return known;
  }
  return {
    onParse({ params, setParsedDocument }) {
      const document = documents.get(String(params.source));
      if (document !== undefined) setParsedDocument(document);
    },
    onValidate({ params: { documentAST, rules = [] }, setResult }) {
      const known = passed(rules);
      if (known.has(documentAST)) return setResult([]);
      return ({ valid }) => {
        const text = textOf(documentAST);
        if (!valid || text === undefined) return;
        known.add(documentAST);
        documents.set(text, documentAST);
      };
    },
  };
}
