import { refusal } from './failure.ts';
import { Refused } from './filters.ts';

/**
 * The engine's error for a refusal by permissions or Postgres (hasura/README.md, "Table errors"). Any other error is returned
 * unchanged: it is a fault of the stand-in.
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
  // Postgres does not understand the statement: a fault of the stand-in.
  if (state.startsWith('42') && state !== '42501') return error;
  return refusal('unexpected', 'database query error');
}
