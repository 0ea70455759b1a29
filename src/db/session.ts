import type { DatabaseTarget } from '../config/database-url.ts';
import { PINNED_SETTINGS, timeoutSettings } from '../config/session-settings.ts';

/**
 * Who sets the settings of a session. `gateway`: the gateway sets all. `pooler`: the gateway sets those that a pooler keeps,
 * and the database role the others. `role`: the role sets all except the encoding.
 */
export type SettingsFrom = 'gateway' | 'pooler' | 'role';

export type SessionOptions = {
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** Milliseconds after which Postgres cancels a statement. Null means never. */
  statementTimeoutMs: number | null;
  settingsFrom?: SettingsFrom;
};

/** How long a migration waits for a lock on a table, and an unfinished transaction for its next statement. */
const MIGRATION_PATIENCE = '60000';

const timeouts = (statementTimeoutMs: number | null): Record<string, string> =>
  statementTimeoutMs === null
    ? {
        statement_timeout: '0',
        lock_timeout: MIGRATION_PATIENCE,
        idle_in_transaction_session_timeout: MIGRATION_PATIENCE,
      }
    : timeoutSettings(statementTimeoutMs);

/** Returns `portcullis-mail`, or `auth-mail` if the URL says `application_name=auth`. */
const nameOf = ({ applicationName }: DatabaseTarget, own: string): string =>
  applicationName === null ? own : own.replace(/^portcullis/, () => applicationName);

/** Returns the startup parameters of a connection, without the user and the database. */
export function sessionSettings(target: DatabaseTarget, options: SessionOptions): Record<string, string> {
  const { applicationName, statementTimeoutMs, settingsFrom = 'gateway' } = options;
  const all = settingsFrom === 'gateway';
  const pinned = PINNED_SETTINGS.filter(
    ({ name, keptByPoolers }) =>
      all || name === 'client_encoding' || (settingsFrom === 'pooler' && keptByPoolers === true),
  );
  return {
    application_name: nameOf(target, applicationName),
    ...Object.fromEntries(pinned.map(({ name, value }) => [name, value])),
    ...(all && { ...timeouts(statementTimeoutMs), ...target.settings }),
  };
}
