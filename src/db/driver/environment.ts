/**
 * Work-around, postgres.js 3.4.9: it reads PG* variables of the environment for options that the caller gave. An empty
 * password counts as missing (PGPASSWORD is read), and so does a session attribute of null (PGTARGETSESSIONATTRS is read).
 *
 * Upstream: not reported. The variables are documented; that a given value loses to them is not.
 * Here: the password is a function, and the session attribute is removed from the options that the driver has read.
 * It can go when this test fails: “postgres.js replaces an empty password and a null session attribute by the environment”.
 */
import postgres from 'postgres';
import type { DatabaseTarget } from '../../config/database-url.ts';

/** Returns the password as an option of either driver. No variable replaces it. */
export const passwordOption =
  ({ password }: DatabaseTarget) =>
  (): string =>
    password;

/** Returns the options as postgres.js reads them, without a session attribute. The driver accepts them again as they are. */
export function readOptions(given: object): object {
  // With any valid value the driver reads no variable.
  const { options } = postgres({ ...given, target_session_attrs: 'read-write' }) as unknown as {
    options: object;
  };
  return { ...options, target_session_attrs: null };
}
