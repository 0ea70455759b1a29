import { createReadStream } from 'node:fs';

/** The longest row in bytes. It bounds the memory of an import. */
export const MAX_ROW_BYTES = 256 * 1024;

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

const withoutReturn = (line: Buffer): Buffer =>
  line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;

/** Reads the lines of a file as bytes, without their line ends. A line that is too long is null. */
export async function* readLines(path: string): AsyncGenerator<Buffer | null> {
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer) => {
    length += part.length;
    // One byte more, which may be the carriage return.
    if (length <= MAX_ROW_BYTES + 1) parts.push(part);
    else parts = [];
  };
  const take = (): Buffer | null => {
    const line = length > MAX_ROW_BYTES + 1 ? null : withoutReturn(Buffer.concat(parts));
    parts = [];
    length = 0;
    return line === null || line.length > MAX_ROW_BYTES ? null : line;
  };
  for await (const chunk of createReadStream(path)) {
    const bytes: Buffer = chunk;
    let start = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, start)) {
      add(bytes.subarray(start, end));
      yield take();
      start = end + 1;
    }
    add(bytes.subarray(start));
  }
  if (length > 0) yield take();
}
