import type { Deps } from '../deps.ts';
import type { RequestCaller } from '../hasura/caller.ts';

/** What every field sees. */
export type Context = {
  deps: Deps;
  caller: RequestCaller;
  requestId: string;
};
