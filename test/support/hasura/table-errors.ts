import { refusal } from './failure.ts';
import { Refused } from './filters.ts';

/**
 * The engine's words for what the permissions or Postgres refuse (hasura/README.md, "Table errors"). Anything else is returned
 * as it is: a fault of this code.
 */
export function toFailure(error: unknown): unknown {
  if (error instanceof Refused) {
    const code = error.message.startsWith('missing session variable') ? 'not-found' : 'permission-error';
    return refusal(code, error.message);
  }
  if (!(error instanceof Error) || !('severity' in error) || !('code' in error)) return error;
  const { message } = error;
  const state = String(error.code);
  if (state === '23514') return refusal('permission-error', `Check constraint violation. ${message}`);
  if (state.startsWith('22')) return refusal('data-exception', message);
  // A statement that Postgres does not understand: Hasura's would have been another one.
  if (state.startsWith('42') && state !== '42501') return error;
  return refusal('unexpected', 'database query error');
}
