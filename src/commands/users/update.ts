import { updateAccount } from '../../flows/admin/update-user.ts';
import { operator } from '../../flows/shared/caller.ts';
import { type Arguments, isGiven, type Subcommand, textOf, UsageError } from '../cli/subcommand.ts';
import { accountOf, labelOf, passwordOptions, reportOf, WHICH_USER } from './account-report.ts';
import { askPassword, readPassword } from './password.ts';

/** Changes a user. */
export const update: Subcommand = {
  summary: 'Changes the name, the address or the password of a user.',
  usage: WHICH_USER,
  details: [
    'A new address or password ends all sessions and personal access tokens of the user, and their mailed links stop working.',
  ],
  positionals: [1, 1],
  options: {
    name: { type: 'string', description: 'The new name.' },
    email: {
      type: 'string',
      value: '<email>',
      description: 'The new address. It is not verified, unless --verified is given.',
    },
    verified: { type: 'boolean', description: 'Marks the address as verified.' },
    unverified: { type: 'boolean', description: 'Marks the address as not verified.' },
    password: { type: 'boolean', description: 'Asks for a new password at the terminal.' },
    ...passwordOptions,
  },
  async run(given, open) {
    const verified = isGiven(given, 'verified');
    if (verified && isGiven(given, 'unverified'))
      throw new UsageError('Give --verified or --unverified, not both.');
    if (Object.keys(given.values).every((name) => name === 'json'))
      throw new UsageError('Say what to change: --name, --email, --verified, --unverified or --password.');
    const password = await passwordOf(given);
    const { deps } = await open();
    const { id: userId } = await accountOf(deps, given.positionals);
    const user = await updateAccount(deps, operator, {
      ...{ userId, password, name: textOf(given, 'name') ?? null, email: textOf(given, 'email') ?? null },
      emailVerified: verified ? true : isGiven(given, 'unverified') ? false : null,
    });
    return reportOf(user, `Updated ${labelOf(user)}.`);
  },
};

async function passwordOf(given: Arguments): Promise<string | null> {
  if (isGiven(given, 'password-stdin')) return readPassword();
  if (!isGiven(given, 'password')) return null;
  if (process.stdin.isTTY) return askPassword();
  throw new UsageError('Give --password-stdin: this is not a terminal.');
}
