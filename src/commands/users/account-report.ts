import { findAccount } from '../../flows/admin/list-users.ts';
import { operator } from '../../flows/shared/caller.ts';
import type { Deps } from '../../flows/shared/deps.ts';
import type { User } from '../../users/users.ts';
import type { Option, Report } from '../cli/subcommand.ts';

/** The usage of a subcommand for one account. */
export const WHICH_USER = '<id or email> [options]';

/** Finds the account that an argument names. @throws AuthError `required` or `not_found` (user) */
export const accountOf = (deps: Deps, [user = '']: readonly string[]): Promise<User> =>
  findAccount(deps, operator, { user });

/** A user as `--json` prints them. */
export const toJson = ({ id, email, name, emailVerifiedAt, disabledAt, createdAt }: User) => ({
  ...{ id, email, name },
  emailVerifiedAt: emailVerifiedAt?.toISOString() ?? null,
  disabledAt: disabledAt?.toISOString() ?? null,
  createdAt: createdAt.toISOString(),
});

/** What a person recognises a user by. */
export const labelOf = ({ id, email }: User): string => (email === null ? id : `${email} (${id})`);

/** Reports what was done to a user: the text, and the user as JSON. */
export const reportOf = (user: User, text: string): Report => ({ text: `${text}\n`, json: toJson(user) });

/** The options that give a password. It is never an argument: other users of the machine can read arguments. */
export const passwordOptions: Readonly<Record<string, Option>> = {
  'password-stdin': {
    type: 'boolean',
    description: 'Reads the password from the standard input: its first line.',
  },
};

/** The roles in a text, separated by commas. */
export const rolesIn = (text: string): string[] =>
  text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '');
