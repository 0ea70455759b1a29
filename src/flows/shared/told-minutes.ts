/** The minutes for which a code works, as its message tells them: never more than it works, but at least one. */
export const toldMinutes = (seconds: number): string => String(Math.max(1, Math.floor(seconds / 60)));
