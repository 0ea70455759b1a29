import type { Deps } from '../deps.ts';
import type { RequestCaller } from '../hasura/caller.ts';
import type { RefreshCookie } from '../http/refresh-cookie.ts';

/** What every field sees. */
export type Context = {
  deps: Deps;
  caller: RequestCaller;
  /** The refresh token of a browser that keeps it in a cookie. */
  cookie: RefreshCookie;
  requestId: string;
};
