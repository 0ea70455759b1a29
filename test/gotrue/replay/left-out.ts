/** Recorded cases that are not played, and why. */
export const leftOut: Readonly<Record<string, string>> = {};
