const decoder = new TextDecoder('utf-8', { fatal: true });
const decoderKeepingBom = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text that the bytes of a document spell; a byte order mark at its beginning is left out.
 * @throws TypeError where the bytes are not UTF-8: repairing them would make different inputs equal
 */
export const decodeDocument = (bytes: Uint8Array): string => decoder.decode(bytes);

/**
 * The text that a line of a request's head spells. Node reads its bytes as Latin-1.
 * @throws TypeError where the bytes are not UTF-8
 */
export const decodeHeadText = (latin1: string): string =>
  decoderKeepingBom.decode(Buffer.from(latin1, 'latin1'));
