import type { Deps } from '../flows/shared/deps.ts';
import type { RequestCaller } from '../request/caller.ts';
import type { RefreshCookie } from '../request/refresh-cookie.ts';

/** What every field sees. */
export type Context = {
  deps: Deps;
  caller: RequestCaller;
  /** The refresh token of a browser that keeps it in a cookie. */
  cookie: RefreshCookie;
  requestId: string;
};
