import { createAccount } from '../../flows/admin/create-user.ts';
import { operator } from '../../flows/shared/caller.ts';
import { type Arguments, isGiven, type Subcommand, textOf, UsageError } from '../cli/subcommand.ts';
import { labelOf, passwordOptions, reportOf, rolesIn } from './account-report.ts';
import { askPassword, readPassword } from './password.ts';

/** Creates a user, on an empty database too. */
export const create: Subcommand = {
  summary: 'Creates a user, also while sign-up is off. It works on an empty database.',
  usage: '<email> [options]',
  details: [
    'At a terminal it asks for the password, unless an option says where it comes from. With --verified the address and',
    'the password count as verified, and the user gets a default team.',
  ],
  positionals: [1, 1],
  options: {
    name: { type: 'string', description: 'The name of the user.' },
    verified: { type: 'boolean', description: 'You know that the address belongs to the user.' },
    roles: {
      type: 'string',
      value: '<role,role>',
      description: 'Roles of Hasura beside DEFAULT_ROLES, of HASURA_ROLES.',
    },
    ...passwordOptions,
    'no-password': { type: 'boolean', description: 'The account has no password until the user sets one.' },
    'send-link': {
      type: 'boolean',
      description: 'Mails a link that sets a password and verifies the address. Implies --no-password.',
    },
  },
  async run(given, open) {
    const [email = ''] = given.positionals;
    const sendLink = isGiven(given, 'send-link');
    const roles = rolesIn(textOf(given, 'roles') ?? '');
    const password = await passwordOf(given);
    const { deps } = await open();
    const user = await createAccount(deps, operator, {
      ...{ email, password, sendLink, name: textOf(given, 'name') ?? null },
      ...{ emailVerified: isGiven(given, 'verified'), roles },
    });
    const mailed = sendLink ? ' The gateway mails the link.' : '';
    return reportOf(user, `Created ${labelOf(user)}.${mailed}`);
  },
};

async function passwordOf(given: Arguments): Promise<string | null> {
  const fromInput = isGiven(given, 'password-stdin');
  const none = isGiven(given, 'no-password');
  if (fromInput && none) throw new UsageError('Give --password-stdin or --no-password, not both.');
  if (fromInput) return readPassword();
  if (none || isGiven(given, 'send-link')) return null;
  if (process.stdin.isTTY) return askPassword();
  throw new UsageError('Give --password-stdin, --send-link or --no-password: this is not a terminal.');
}
