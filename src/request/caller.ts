import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isOneOf } from '../crypto/secrets.ts';
import { isUuid } from '../db/uuid.ts';
import { AuthError } from '../errors.ts';
import { authenticateHasuraUser, authenticateToken } from '../flows/shared/authenticate.ts';
import type { Caller, Viewer } from '../flows/shared/caller.ts';
import { requireFullSignIn } from '../flows/shared/step-up.ts';
import {
  parseTokenKind,
  TOKEN_KIND_CLAIM,
  TokenError,
  type VerifiedToken,
  verifyToken,
} from '../sessions/tokens.ts';
import { bearerToken, hasOtherCredentials, SEND_BEARER } from './bearer.ts';
import type { GatewayDeps } from './deps.ts';
import { headerText, headerTextIfValid } from './header-text.ts';

/** Hasura drops the client's headers that begin with x-hasura-, and forwards others. So no client can set this one. */
export const GATEWAY_SECRET_HEADER = 'x-hasura-gateway-secret';

/** `allowed_skew` of the engine's JWT secret, in seconds, as this repository configures it. */
const ALLOWED_SKEW_SECONDS = 30;

/** A caller as the request shows them. `flows/shared/caller.ts` has the glossary. */
export type RequestCaller = Caller &
  Readonly<{
    /** Whether the request has shown the secret that Hasura and the gateway share. */
    fromHasura: boolean;
    /** Whether Hasura's admin is calling. This operator is not a user, and may do everything. */
    isOperator: boolean;
    /**
     * Looks up the signed-in person; null without a token. It runs only where the person matters: a login works in spite of
     * an expired token.
     * @throws AuthError `unauthenticated` if a token or session variables are not valid any more, `second_factor_required` if the
     * session must show the second factor first
     */
    viewer(): Promise<Viewer | null>;
    /**
     * The same, for the few operations that a session may do before it has shown the second factor of its user.
     * @throws AuthError `unauthenticated`
     */
    firstFactorViewer(): Promise<Viewer | null>;
  }>;

/**
 * Tells whether the request shows the secret shared with Hasura.
 * @throws AuthError `permission_denied` or `rate_limited` for a wrong secret: an operator must notice that the gateway and
 * the engine disagree
 */
export function showsGatewaySecret(deps: GatewayDeps, request: IncomingMessage): boolean {
  const secret = headerText(request.headers, GATEWAY_SECRET_HEADER);
  if (secret === null) return false;
  if (isOneOf(deps.config.internalSecrets, secret)) return true;
  const message = `The ${GATEWAY_SECRET_HEADER} header is wrong.`;
  throw wrongSecret(deps, request, { header: GATEWAY_SECRET_HEADER, message });
}

/** Counts a wrong internal secret, and returns the error that refuses it: `permission_denied` or `rate_limited`. */
export function wrongSecret(
  deps: GatewayDeps,
  request: IncomingMessage,
  { header, message }: { header: string; message?: string },
): AuthError {
  const address = deps.readClientAddress(request, false);
  const device = { address, userAgent: headerTextIfValid(request.headers, 'user-agent') };
  const retryAfterSeconds = deps.refusedSecrets.count({ header, device });
  if (retryAfterSeconds !== null)
    return new AuthError('rate_limited', {
      retryAfterSeconds,
      message: 'Too many wrong secrets. Try again later.',
    });
  return new AuthError('permission_denied', message === undefined ? {} : { message });
}

/** Identifies the caller by a bearer token, or by Hasura's session variables. These count only behind the shared secret. */
export function identifyCaller(deps: GatewayDeps, request: IncomingMessage): RequestCaller {
  const { headers } = request;
  const fromHasura = showsGatewaySecret(deps, request);
  const by: Caller = {
    device: {
      address: deps.readClientAddress(request, fromHasura),
      userAgent: headerText(headers, fromHasura ? 'x-forwarded-user-agent' : 'user-agent'),
    },
  };
  let found: Promise<Viewer | null> | undefined;
  const find = () =>
    (found ??= fromHasura ? hasuraViewer(deps, by, headers) : bearerViewer(deps, by, headers));
  return {
    ...by,
    fromHasura,
    isOperator: fromHasura && isAdmin(deps, headers),
    async viewer() {
      const viewer = await find();
      return viewer && requireFullSignIn(deps, viewer);
    },
    firstFactorViewer: find,
  };
}

/**
 * Tells whether the operator is calling. The role of people without a token is never the operator's, even if it is called
 * `admin`: it needs no proof.
 */
const isAdmin = (deps: GatewayDeps, headers: IncomingHttpHeaders): boolean =>
  headerText(headers, 'x-hasura-role') === 'admin' && deps.config.hasuraUnauthorizedRole !== 'admin';

async function bearerViewer(
  deps: GatewayDeps,
  by: Caller,
  headers: IncomingHttpHeaders,
): Promise<Viewer | null> {
  const token = bearerToken(headers);
  if (token !== null) return authenticateToken(deps, by, { token, firstFactorIsEnough: true });
  if (hasOtherCredentials(headers)) throw new AuthError('unauthenticated', { message: SEND_BEARER });
  return null;
}

/**
 * Finds the person behind Hasura's session variables; null if the gateway ignores them. In the unauthorized role the client can set
 * every session variable (hasura/README.md, "Session variables"). Role admin is the operator, who is not a user.
 */
async function hasuraViewer(
  deps: GatewayDeps,
  by: Caller,
  headers: IncomingHttpHeaders,
): Promise<Viewer | null> {
  const role = headerText(headers, 'x-hasura-role');
  if (role === null) return bearerViewer(deps, by, headers);
  if (!isUserRole(deps, role)) return null;
  const userId = headerText(headers, 'x-hasura-user-id');
  const sessionId = headerText(headers, 'x-hasura-session-id');
  if (!isUuid(userId) || (sessionId !== null && !isUuid(sessionId)))
    throw new AuthError('unauthenticated', { message: "Hasura's session variables name no user." });
  const verified = await requireAgreement(deps, headers, { userId, sessionId });
  const tokenKind = verified === null ? kindOfSession(headers) : verified.kind;
  const keyId = verified?.keyId ?? null;
  return authenticateHasuraUser(deps, by, { userId, sessionId, keyId, tokenKind });
}

/** Whether it is a role that tokens may hold. The role of clients without a token is not one, even if it is named `user`. */
const isUserRole = ({ config }: GatewayDeps, role: string): boolean =>
  config.roles.declared.includes(role) && role !== config.hasuraUnauthorizedRole;

/** Reads the kind of the token that Hasura has verified. @throws AuthError `unauthenticated` for an unknown kind */
function kindOfSession(headers: IncomingHttpHeaders) {
  try {
    return parseTokenKind(headerText(headers, TOKEN_KIND_CLAIM));
  } catch (cause) {
    throw new AuthError('unauthenticated', { message: (cause as Error).message, cause });
  }
}

/** Checks that the client's own token, if Hasura forwards it, is of the same user and session. Null without a token. */
async function requireAgreement(
  deps: GatewayDeps,
  headers: IncomingHttpHeaders,
  { userId, sessionId }: { userId: string; sessionId: string | null },
): Promise<VerifiedToken | null> {
  const token = bearerToken(headers);
  if (token === null) return null;
  try {
    // Hasura has accepted the token, and may be configured to allow some skew.
    const verified = await verifyToken(deps, token, { toleranceSeconds: ALLOWED_SKEW_SECONDS });
    if (verified.userId === userId && (sessionId === null || verified.sessionId === sessionId))
      return verified;
  } catch (error) {
    if (!(error instanceof TokenError)) throw error;
  }
  throw new AuthError('unauthenticated', { message: "The token and Hasura's session variables disagree." });
}
