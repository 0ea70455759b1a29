import { setUserRoles } from '../../flows/admin/set-user-roles.ts';
import { operator } from '../../flows/shared/caller.ts';
import { type Subcommand, textOf } from '../cli/subcommand.ts';
import { accountOf, labelOf, rolesIn } from './account-report.ts';

/** Gives roles of Hasura to a user or to a member of a team. */
export const setRoles: Subcommand = {
  summary: 'Gives roles of Hasura to a user or a member of a team, and takes the others away.',
  usage: '<id or email> [<role,role>] [options]',
  details: ['HASURA_ROLES declares the roles. Without roles it takes all of them away. DEFAULT_ROLES stay.'],
  positionals: [1, 2],
  options: {
    team: {
      type: 'string',
      value: '<id>',
      description: 'The team in whose tokens the roles stand. Without it they stand in all tokens.',
    },
  },
  async run(given, open) {
    const [user = '', roles = ''] = given.positionals;
    const { deps } = await open();
    const account = await accountOf(deps, [user]);
    const json = await setUserRoles(deps, operator, {
      ...{ userId: account.id, roles: rolesIn(roles), teamId: textOf(given, 'team') ?? null },
    });
    return { json, text: `${labelOf(account)} has the roles: ${json.allowedRoles.join(', ')}.\n` };
  },
};
