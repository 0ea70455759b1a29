import type { DocumentNode } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import { textOf } from './locations.ts';

/** What a token keeps alive: itself and its part of the tree; measured with fields of one letter, which keep the most. */
const BYTES_PER_TOKEN = 500;
/** The document's text, and its words and strings once more as values; two bytes each. */
const BYTES_PER_CHARACTER = 4;
/** A string with escapes is put together piece by piece, and each piece is kept. */
const BYTES_PER_ESCAPE = 64;

function weightOf(document: DocumentNode, text: string): number {
  let tokens = 0;
  for (let token = document.loc?.startToken ?? null; token !== null; token = token.next) tokens += 1;
  const escapes = text.split('\\').length - 1;
  return BYTES_PER_TOKEN * tokens + BYTES_PER_CHARACTER * text.length + BYTES_PER_ESCAPE * escapes;
}

/** Parsed documents by their text. Bounded by what they weigh in memory; a heavy one is no app's and is not kept. */
export const createDocumentCache = () =>
  new LRUCache<string, DocumentNode>({
    maxSize: 16 * 1024 * 1024,
    maxEntrySize: 1024 * 1024,
    sizeCalculation: weightOf,
  });

export type DocumentCache = ReturnType<typeof createDocumentCache>;

/**
 * Spares an app's documents being parsed and validated anew. Only what passed is kept, so that nobody's broken documents
 * take memory or push out good ones. The verdict counts for one list of rules, which differs from caller to caller: every
 * rule needs a name of its own. Has to be the last plugin that knows of rules.
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
