import { AuthError } from '../errors.ts';
import type { Viewer } from '../flows/shared/caller.ts';
import type { RequestCaller } from './caller.ts';

/** The current user. Null without a token, or with one that is not valid any more. */
export async function viewerOrNull(caller: RequestCaller): Promise<Viewer | null> {
  try {
    return await caller.viewer();
  } catch (error) {
    if (error instanceof AuthError && error.code === 'unauthenticated') return null;
    throw error;
  }
}
