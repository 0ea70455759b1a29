/**
 * Work-around, postgres.js 3.4.9: if the server ends a connection during a statement, the driver keeps the server's last error. It
 * reports that error to the first statement of the next connection of that place in the pool.
 *
 * Upstream: not reported in these words. porsager/postgres issue 1130, “BUG: If a query fails, it never ends”, and pull
 * request 1142 have the same cause: the driver does not clear its statement when a connection ends with an error.
 * Here: the socket ends with the server's last error instead of passing it on.
 * It can go when this test fails: “postgres.js reports the end of a connection to a statement of the next one”.
 */

/** ErrorResponse: `E`, its length, and fields that begin with a letter and end with a zero byte. One more ends the message. */
const ERROR_RESPONSE = 0x45;
const HEADER_BYTES = 5;

/**
 * Returns the error after which the server closes the connection, if the bytes are whole messages and it is the last one; otherwise
 * null. The server sends no message after it.
 */
export function fatalErrorOf(bytes: Buffer): (Error & { code: string }) | null {
  // Nearly all other bytes from a server end with ReadyForQuery, which does not end with zeros.
  if (bytes.at(-1) !== 0 || bytes.at(-2) !== 0) return null;
  const last = lastMessage(bytes);
  if (last === null || last[0] !== ERROR_RESPONSE) return null;
  const fields = new Map(
    last
      .toString('utf8', HEADER_BYTES)
      .split('\0')
      .map((field) => [field.slice(0, 1), field.slice(1)]),
  );
  if (!/^(?:FATAL|PANIC)$/.test(fields.get('V') ?? '')) return null;
  return Object.assign(new Error(fields.get('M')), { code: fields.get('C') ?? '' });
}

/** Returns the last message; null if the bytes are not whole messages. */
function lastMessage(bytes: Buffer): Buffer | null {
  let start = 0;
  while (start + HEADER_BYTES <= bytes.length) {
    const end = start + 1 + bytes.readUInt32BE(start + 1);
    if (end === bytes.length) return bytes.subarray(start);
    if (end < start + HEADER_BYTES) return null;
    start = end;
  }
  return null;
}
