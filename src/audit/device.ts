/** The client's IP address and user agent. Each is null if it is not known. */
export type Device = Readonly<{ address: string | null; userAgent: string | null }>;

/** From where and when a person signed up or in, in the words of a mail or a page. */
export type SignInFacts = { device: string | null; address: string | null; time: string };

const MAX_USER_AGENT_LENGTH = 512;

/** Shortens a user agent to 512 characters and one line, so that it can be stored. */
export const storableUserAgent = (userAgent: string | null): string | null =>
  userAgent === null
    ? null
    : [...userAgent.slice(0, 2 * MAX_USER_AGENT_LENGTH)]
        .slice(0, MAX_USER_AGENT_LENGTH)
        .join('')
        .replace(/\p{Cc}/gu, ' ');
