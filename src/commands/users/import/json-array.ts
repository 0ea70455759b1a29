import { createReadStream } from 'node:fs';
import { UsageError } from '../../cli/subcommand.ts';
import { MAX_ROW_BYTES } from './lines.ts';

const CODES = { quote: 0x22, backslash: 0x5c, comma: 0x2c, colon: 0x3a };
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);
const ARRAY = 0x5b;
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);

/** Follows strings and brackets through the bytes of a JSON text. */
class Nesting {
  depth = 0;
  #inString = false;
  #escaped = false;

  /** Whether the byte is outside of strings. */
  follow(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === CODES.backslash) this.#escaped = true;
      else if (byte === CODES.quote) this.#inString = false;
      return false;
    }
    if (byte === CODES.quote) {
      this.#inString = true;
      return false;
    }
    if (OPENING.has(byte)) this.depth += 1;
    else if (CLOSING.has(byte)) this.depth -= 1;
    return true;
  }
}

/**
 * Finds the array: the whole text, or the first array that a member of the object holds (Firebase's `users`).
 * Returns whether the byte began it.
 */
function beginsArray(nesting: Nesting, byte: number): boolean {
  const isCode = nesting.follow(byte);
  if (nesting.depth === 0 && isCode && !SPACES.has(byte))
    throw new UsageError('The file holds neither a JSON array nor an object with an array.');
  return isCode && byte === ARRAY;
}

/** Collects the bytes of one element. It drops those of an element that is too long. */
class Element {
  #bytes: number[] = [];
  #tooLong = false;

  add(byte: number): void {
    if (this.#bytes.length === 0 && SPACES.has(byte)) return;
    if (this.#bytes.length < MAX_ROW_BYTES) this.#bytes.push(byte);
    else this.#tooLong = true;
  }

  get isEmpty(): boolean {
    return this.#bytes.length === 0;
  }

  take(): Buffer | null {
    const taken = this.#tooLong ? null : Buffer.from(this.#bytes);
    this.#bytes = [];
    this.#tooLong = false;
    return taken;
  }
}

/**
 * Reads the elements of a JSON array as bytes, one after the other. An element that is too long is null. If the file ends inside
 * the array, the last element is what is left of it, even if nothing is.
 * @throws UsageError if the file does not hold an array
 */
export async function* readJsonArray(path: string): AsyncGenerator<Buffer | null> {
  const nesting = new Nesting();
  const element = new Element();
  let within: number | null = null;
  let ended = false;
  for await (const chunk of createReadStream(path)) {
    for (const byte of chunk as Buffer) {
      if (ended) break;
      if (within === null) {
        if (beginsArray(nesting, byte)) within = nesting.depth;
        continue;
      }
      const isCode = nesting.follow(byte);
      ended = nesting.depth < within;
      const isSeparator = ended || (isCode && byte === CODES.comma && nesting.depth === within);
      if (!isSeparator) element.add(byte);
      else if (!(ended && element.isEmpty)) yield element.take();
    }
  }
  if (within === null)
    throw new UsageError('The file holds neither a JSON array nor an object with an array.');
  if (!ended) yield element.take();
}
