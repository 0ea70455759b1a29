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
  isAscii(latin1) ? latin1 : decoderKeepingBom.decode(Buffer.from(latin1, 'latin1'));

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
