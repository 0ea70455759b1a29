/** Why a row is not imported, or what was left out of it. The report names them so. */
export type Reason =
  | 'anonymous'
  | 'bad_email'
  | 'bad_hash'
  | 'bad_id'
  | 'bad_json'
  | 'bad_row'
  | 'bad_time'
  | 'changed_here'
  | 'deleted'
  | 'deleted_here'
  | 'disabled'
  | 'duplicate_email'
  | 'duplicate_id'
  | 'duplicate_identity'
  | 'duplicate_token'
  | 'expired'
  | 'hash_encrypted'
  | 'hash_too_costly'
  | 'hash_unsupported'
  | 'mfa_lost'
  | 'name_dropped'
  | 'no_email'
  | 'not_utf8'
  | 'personal_access_token'
  | 'role_not_allowed'
  | 'role_not_declared'
  | 'spent_here'
  | 'token_encrypted'
  | 'too_long'
  | 'too_many_roles'
  | 'unknown_provider'
  | 'unknown_session'
  | 'unknown_user';

/** A row that is not imported. `skipped` rows are not meant for an import; `refused` rows need a look. */
export class RowFault extends Error {
  override readonly name = 'RowFault';
  readonly reason: Reason;
  readonly outcome: 'refused' | 'skipped';

  constructor(reason: Reason, outcome: 'refused' | 'skipped' = 'refused') {
    super(reason);
    this.reason = reason;
    this.outcome = outcome;
  }
}
