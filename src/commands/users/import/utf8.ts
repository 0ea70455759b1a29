import { RowFault } from './row-fault.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Decodes one row, without a byte order mark. @throws RowFault `not_utf8` */
export function decodeUtf8(bytes: Buffer): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new RowFault('not_utf8');
  }
}
