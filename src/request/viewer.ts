import { AuthError, type ErrorCode } from '../errors.ts';
import type { Viewer } from '../flows/shared/caller.ts';
import type { RequestCaller } from './caller.ts';

const MISSING: readonly ErrorCode[] = ['unauthenticated', 'second_factor_required'];

/** The current user. Null without a token, or with one that is not valid any more, or that needs the second factor first. */
export const viewerOrNull = (caller: RequestCaller): Promise<Viewer | null> => orNull(caller.viewer());

/** The current user, who need not have shown the second factor. Null without a token, or with one that is not valid any more. */
export const firstFactorViewerOrNull = (caller: RequestCaller): Promise<Viewer | null> =>
  orNull(caller.firstFactorViewer());

async function orNull(viewer: Promise<Viewer | null>): Promise<Viewer | null> {
  try {
    return await viewer;
  } catch (error) {
    if (error instanceof AuthError && MISSING.includes(error.code)) return null;
    throw error;
  }
}
