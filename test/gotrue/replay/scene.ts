import { createHash, randomUUID } from 'node:crypto';
import type { Arrived } from '../../mail/smtp.ts';
import { newPkce } from '../../support/pkce.ts';
import { nthMailTo } from '../mailbox.ts';
import type { Recording, ServerName } from './recordings.ts';
import type { Server, Servers } from './servers.ts';

type Session = { accessToken: string; refreshToken: string };

/** What is known in a recorded case when its next request goes out. A given prepares it, and each answer adds to it. */
export type Scene = {
  server: Server;
  /** What stands for a placeholder in the next request, if not what the last answers gave: `jwt`, `token`, `otp`, … */
  fills: Map<string, string>;
  /** The session that requests use. */
  session: Session | null;
  /** All sessions, in the order in which they were opened. */
  sessions: Session[];
  userIds: string[];
  factorIds: string[];
  totpSecret: string | null;
  challengeId: string | null;
  /** From the last redirect of a sign-in with PKCE. */
  authCode: string | null;
  /** From the last answer of generate_link. */
  madeLinks: { hash: string; code: string }[];
  /** What the gateway gave the browser to keep during a sign-in at a provider. */
  cookie: string | null;
  verifier: string;
  challenge: string;
  /** The address of a person of this case: `user1` is `user1.c54@example.com`. */
  address(label: string): string;
};

/** Waits for the mails to an address. `count` is how many must have arrived; the last of them is returned. */
export const mailTo = ({ server }: Scene, address: string, count = 1): Promise<Arrived> =>
  nthMailTo(server.smtp, address, count);

/** Begins a recorded case: nothing has been sent. */
export function openScene({ steps, name }: Recording, servers: Servers): Scene {
  const first: ServerName = steps[0]?.on ?? 'main';
  const number =
    /\.(c\d+)@/i.exec(JSON.stringify(steps))?.[1] ??
    `x${createHash('sha256').update(name).digest('hex').slice(0, 8)}`;
  return {
    server: servers[first],
    fills: new Map(),
    session: null,
    sessions: [],
    userIds: [],
    factorIds: [],
    totpSecret: null,
    challengeId: null,
    authCode: null,
    madeLinks: [],
    cookie: null,
    ...newPkce(),
    address: (label) => `${label}.${number}@example.com`,
  };
}

/** An id that no user has. */
export const freshId = (): string => randomUUID();
