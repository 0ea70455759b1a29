import { refusal } from './failure.ts';
import { Refused } from './filters.ts';

/** The words that the engine puts before those of Postgres, by the violation's SQLSTATE. */
const VIOLATIONS: Readonly<Record<string, string>> = {
  '23001': 'Can not delete or update due to data being referred. ',
  '23502': 'Not-NULL violation. ',
  '23503': 'Foreign key violation. ',
  '23505': 'Uniqueness violation. ',
  '23P01': 'Exclusion violation. ',
};

/**
 * The engine's words for what the permissions or Postgres refuse (hasura/README.md, "Table errors"). What is neither is
 * returned as it is: a fault of this code.
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
  if (state.startsWith('23')) return refusal('constraint-violation', `${VIOLATIONS[state] ?? ''}${message}`);
  if (state === '22025') return refusal('bad-request', message);
  if (state.startsWith('22')) return refusal('data-exception', message);
  if (state === '42704') return refusal('constraint-error', message);
  if (state === '42P10')
    return refusal('constraint-error', 'there is no unique or exclusion constraint on target column(s)');
  // A statement that Postgres does not understand: Hasura's would have been another one.
  if (/^42(?!501)|^54023/.test(state)) return error;
  return refusal('unexpected', 'database query error');
}
