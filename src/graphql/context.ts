import type { RequestCaller } from '../request/caller.ts';
import type { GatewayDeps } from '../request/deps.ts';
import type { RefreshCookie } from '../request/refresh-cookie.ts';

/** What every resolver gets. */
export type Context = {
  deps: GatewayDeps;
  caller: RequestCaller;
  /** The cookie of a browser that keeps the refresh token in one. */
  cookie: RefreshCookie;
  requestId: string;
};
