import { type DocumentNode, GraphQLError, type Token, TokenKind } from 'graphql';

/** Bytes that a string, a name or a number of a document may have. */
const MAX_TOKEN_BYTES = 8192;

/** Comments are looked at by nothing but the parser. */
const UNBOUNDED: ReadonlySet<TokenKind> = new Set([TokenKind.SOF, TokenKind.EOF, TokenKind.COMMENT]);

/** What a token has on each side of its text. */
const QUOTES: Partial<Record<TokenKind, number>> = { [TokenKind.STRING]: 1, [TokenKind.BLOCK_STRING]: 3 };

function isLong({ kind, start, end }: Token, text: string): boolean {
  if (UNBOUNDED.has(kind)) return false;
  const quotes = QUOTES[kind] ?? 0;
  const [from, to] = [start + quotes, end - quotes];
  return to - from > MAX_TOKEN_BYTES || Buffer.byteLength(text.slice(from, to)) > MAX_TOKEN_BYTES;
}

/**
 * Refuses a document with a long string, so that what looks at strings later is spared long ones. As written, with its
 * escapes; a variable may hold more.
 * @throws GraphQLError `query_too_complex`
 */
export function refuseLongTokens({ loc }: DocumentNode): void {
  for (let token = loc?.startToken ?? null; token !== null; token = token.next)
    if (isLong(token, loc?.source.body ?? ''))
      throw new GraphQLError(`String limit of ${MAX_TOKEN_BYTES} bytes exceeded.`, {
        extensions: { code: 'query_too_complex', attribute: null },
      });
}
