import { randomBytes } from 'node:crypto';

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

/**
 * The place of a call in a trace, which goes with every one (hasura/README.md, "Forwarded headers"). That the calls of one
 * client's request have one trace is not played.
 */
export const traceHeaders = (): Record<string, string> => ({
  'x-b3-traceid': hex(16),
  'x-b3-spanid': hex(8),
  'x-b3-parentspanid': hex(8),
  'x-b3-sampled': '1',
});
