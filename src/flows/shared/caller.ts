import type { Device } from '../../audit/device.ts';

import type { LiveSession } from '../../sessions/sessions.ts';
import type { TokenKind } from '../../sessions/tokens.ts';
import type { User } from '../../users/users.ts';

// Glossary: who acts, and from where.
//
// Device (audit/device.ts): the address and the user agent that a request comes from.
// Caller: who sends a request; only the device is known.
// Viewer: a Caller who is signed in. The user and the session are known too.
// RequestCaller (request/caller.ts): a Caller as an HTTP request shows them. It tells whether Hasura sent the request, and
//   looks the Viewer up when an endpoint asks for them. A flow gets it as its Caller, and sees the device only.
// operator: who runs the gateway. The operator acts as Hasura's admin, or with the secret shared with Hasura, and is not a
//   user. GraphQL passes the operator's RequestCaller. Behind the secret alone the device is not known: `operator` below.
//
// ServiceCaller: a server that manages accounts with a service token, or with a token that the shared secret signed. It does
//   what the operator does, at the GoTrue dialect only.
//
// Every flow has the shape (deps, by, input), and (deps, by) if it takes no input. `by` is a Viewer if the person must be
// signed in, otherwise a Caller. Work that the gateway does by itself is not a flow of a person: see flows/upkeep and
// flows/mails.

/** Who sends a request. */
export type Caller = Readonly<{ device: Device }>;

/** The operator behind the secret shared with Hasura. Security events name no device then. */
export const operator: Caller = { device: { address: null, userAgent: null } };

/** A signed-in person, whose session is live. */
export type Viewer = Caller &
  Readonly<{
    user: User;
    /** Null if an operator acts as this user through Hasura: the operator has no session of the user. */
    sessionId: string | null;
    activeTeamId: string | null;
    /** Whether the person of the session has shown one factor or two; `aal1` without a session. */
    level: LiveSession['level'];
    /** Whether the person has a second factor that the session did not show. */
    needsSecondFactor: boolean;
    /** What the token is for; null for a token of a version that told no kinds apart, and for an operator. */
    tokenKind: TokenKind | null;
  }>;

/** A server that manages accounts. */
export type ServiceCaller = Caller &
  Readonly<{
    service: {
      /** Null for a token that the shared secret signed. */
      tokenId: string | null;
      role: string;
    };
  }>;

/** The name of the operator or the server, for the security events. */
export function administratorOf(by: Caller | ServiceCaller): string {
  if (!('service' in by)) return 'operator';
  const { tokenId, role } = by.service;
  return tokenId === null ? `shared secret (${role})` : `service token ${tokenId}`;
}

/** The signed-in person, if the caller is one. */
export const asViewer = (by: Caller | Viewer): Viewer | null => ('user' in by ? by : null);

/** Whether a token renews its session: an access token does, and one of a version that told no kinds apart. */
export const isUserToken = ({ tokenKind }: Viewer): boolean => tokenKind === 'access' || tokenKind === null;

/** Whether a token may change the account and its sessions. One for work in a team may not, nor one that a program has. */
export const isAccountToken = ({ tokenKind }: Viewer): boolean =>
  tokenKind !== 'team' && tokenKind !== 'personal';

/** Finds the first attribute that is empty, and returns its name; null if not found. */
export function firstMissing(attributes: Record<string, string>): string | null {
  for (const [name, value] of Object.entries(attributes)) if (value === '') return name;
  return null;
}
