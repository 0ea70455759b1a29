import { type DocumentNode, GraphQLError, type Token, TokenKind } from 'graphql';

/** The most bytes of a string, a name or a number in a document. */
const MAX_TOKEN_BYTES = 8192;

/** Tokens without a limit. Only the parser reads comments. */
const UNBOUNDED: ReadonlySet<TokenKind> = new Set([TokenKind.SOF, TokenKind.EOF, TokenKind.COMMENT]);

/** The number of quotes on each side of a string. */
const QUOTES: Partial<Record<TokenKind, number>> = { [TokenKind.STRING]: 1, [TokenKind.BLOCK_STRING]: 3 };

function isLong({ kind, start, end }: Token, text: string): boolean {
  if (UNBOUNDED.has(kind)) return false;
  const quotes = QUOTES[kind] ?? 0;
  const [from, to] = [start + quotes, end - quotes];
  return to - from > MAX_TOKEN_BYTES || Buffer.byteLength(text.slice(from, to)) > MAX_TOKEN_BYTES;
}

/**
 * Refuses a document with a long string, name or number, so that no later step has to read one. It counts the text with its
 * escapes. A variable may be longer.
 * @throws GraphQLError `query_too_complex`
 */
export function refuseLongTokens({ loc }: DocumentNode): void {
  for (let token = loc?.startToken ?? null; token !== null; token = token.next)
    if (isLong(token, loc?.source.body ?? ''))
      throw new GraphQLError(`String limit of ${MAX_TOKEN_BYTES} bytes exceeded.`, {
        extensions: { code: 'query_too_complex', attribute: null },
      });
}
