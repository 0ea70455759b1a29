import { listRolesOfUsers } from '../../roles/given-roles.ts';
import { listSessions } from '../../sessions/sessions.ts';
import { listTeamsOfUser } from '../../teams/teams.ts';
import { listPasswordHolders } from '../../users/passwords.ts';
import type { Subcommand } from '../cli/subcommand.ts';
import { accountOf, labelOf, toJson, WHICH_USER } from './account-report.ts';

/** Shows a user, with their teams. */
export const show: Subcommand = {
  summary: 'Shows a user with their teams and the number of their sessions.',
  usage: WHICH_USER,
  positionals: [1, 1],
  options: {},
  async run({ positionals }, open) {
    const { deps } = await open();
    const user = await accountOf(deps, positionals);
    const holders = await listPasswordHolders(deps.db, [user.id]);
    const teams = (await listTeamsOfUser(deps.db, user.id)).map(({ team, role }) => ({
      ...{ id: team.id, name: team.name, role },
    }));
    const roles = (await listRolesOfUsers(deps.db, [user.id])).get(user.id) ?? [];
    const { length: sessions } = await listSessions(deps.db, user.id);
    const json = { ...toJson(user), hasPassword: holders.has(user.id), roles, sessions, teams };
    const text = [
      labelOf(user),
      `  name      ${user.name ?? '-'}`,
      `  created   ${json.createdAt}`,
      `  verified  ${json.emailVerifiedAt ?? 'no'}`,
      `  disabled  ${json.disabledAt ?? 'no'}`,
      `  password  ${json.hasPassword ? 'yes' : 'no'}`,
      `  roles     ${roles.join(', ') || '-'}`,
      `  sessions  ${sessions}`,
      ...teams.map(({ id, name, role }) => `  team      ${name} (${role}, ${id})`),
    ];
    return { json, text: `${text.join('\n')}\n` };
  },
};
