const decoder = new TextDecoder('utf-8', { fatal: true });
const decoderKeepingBom = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Decodes the bytes of a document, without a byte order mark at its start.
 * @throws TypeError if the bytes are not UTF-8: a repair would make different inputs equal
 */
export const decodeDocument = (bytes: Uint8Array): string => decoder.decode(bytes);

/**
 * Decodes a line of a request's head, whose bytes Node has read as Latin-1.
 * @throws TypeError if the bytes are not UTF-8
 */
export const decodeHeadText = (latin1: string): string =>
  isAscii(latin1) ? latin1 : decoderKeepingBom.decode(Buffer.from(latin1, 'latin1'));

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
