/** Where a request comes from: the client's address and user agent. Null for what is not known. */
export type Device = Readonly<{ address: string | null; userAgent: string | null }>;

const MAX_USER_AGENT_LENGTH = 512;

/** A user agent fit for storing: one line, bounded. */
export const storableUserAgent = (userAgent: string | null): string | null =>
  userAgent === null
    ? null
    : [...userAgent.slice(0, 2 * MAX_USER_AGENT_LENGTH)]
        .slice(0, MAX_USER_AGENT_LENGTH)
        .join('')
        .replace(/\p{Cc}/gu, ' ');
