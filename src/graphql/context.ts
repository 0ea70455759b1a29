import type { RequestCaller } from '../request/caller.ts';
import type { GatewayDeps } from '../request/deps.ts';
import type { RefreshCookie } from '../request/refresh-cookie.ts';

/** What every field sees. */
export type Context = {
  deps: GatewayDeps;
  caller: RequestCaller;
  /** The refresh token of a browser that keeps it in a cookie. */
  cookie: RefreshCookie;
  requestId: string;
};
