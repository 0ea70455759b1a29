import type { DatabaseTarget } from '../config/database-url.ts';
import { PINNED_SETTINGS, timeoutSettings } from '../config/session-settings.ts';

/**
 * Who decides the settings of a session. `gateway`: the gateway, all of them. `pooler`: the gateway those that a pooler
 * keeps, the database role the others. `role`: the role, all but the encoding.
 */
export type SettingsFrom = 'gateway' | 'pooler' | 'role';

export type SessionOptions = {
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** Milliseconds after which Postgres cancels a statement; null: it never does. */
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

/** `portcullis-mail`, or with the URL's `application_name=auth` `auth-mail`. */
const nameOf = ({ applicationName }: DatabaseTarget, own: string): string =>
  applicationName === null ? own : own.replace(/^portcullis/, () => applicationName);

/** The startup parameters of a connection, without the user and the database. */
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
