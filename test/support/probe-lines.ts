/** What the probe says: an expression that ran on a long text, or a header that was read. */
export type ProbeLine =
  | { regexp: string; length: number; at: string }
  | { header: string; regexp?: undefined };

/** Of shorter texts the probe says nothing. */
export const PROBED_LENGTH = 1024;
