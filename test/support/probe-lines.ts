/** A line of the probe: an expression that ran on a long text, or a header that was read. */
export type ProbeLine =
  | { regexp: string; length: number; at: string }
  | { header: string; regexp?: undefined };

/** The probe ignores texts of at most this length. */
export const PROBED_LENGTH = 1024;
