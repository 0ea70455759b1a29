import { deleteUserAccount } from '../../flows/admin/delete-user.ts';
import { disableAccount, enableAccount } from '../../flows/admin/disable-account.ts';
import { endUserSessions } from '../../flows/admin/end-user-sessions.ts';
import { removeSecondFactors } from '../../flows/admin/remove-second-factors.ts';
import { sendPasswordReset } from '../../flows/admin/send-password-reset.ts';
import { operator } from '../../flows/shared/caller.ts';
import type { Deps } from '../../flows/shared/deps.ts';
import type { User } from '../../users/users.ts';
import type { Report, Subcommand } from '../cli/subcommand.ts';
import { accountOf, labelOf, reportOf, toJson, WHICH_USER } from './account-report.ts';

// Subcommands that take a user and no options.

const action = (
  summary: string,
  act: (deps: Deps, user: User) => Promise<Report>,
  details: readonly string[] = [],
): Subcommand => ({
  ...{ summary, details, usage: WHICH_USER, positionals: [1, 1], options: {} },
  async run({ positionals }, open) {
    const { deps } = await open();
    return act(deps, await accountOf(deps, positionals));
  },
});

export const disable = action(
  'Disables an account: its user cannot sign in any more.',
  async (deps, { id: userId }) => {
    const user = await disableAccount(deps, operator, { userId });
    return reportOf(user, `Disabled ${labelOf(user)}.`);
  },
  [
    'All sessions and personal access tokens end, and mailed links stop working. The invites that the user sent are revoked.',
  ],
);

export const enable = action('Enables a disabled account again.', async (deps, { id: userId }) => {
  const user = await enableAccount(deps, operator, { userId });
  return reportOf(user, `Enabled ${labelOf(user)}.`);
});

export const remove = action(
  'Deletes a user permanently, with the teams in which they are alone.',
  async (deps, user) => {
    await deleteUserAccount(deps, operator, { userId: user.id });
    return reportOf(user, `Deleted ${labelOf(user)}.`);
  },
  ['It is refused while the user is the only OWNER of a team with other members.'],
);

export const endSessions = action(
  'Ends all sessions and personal access tokens of a user.',
  async (deps, user) => {
    const sessionsEnded = await endUserSessions(deps, operator, { userId: user.id });
    const text = `Ended ${sessionsEnded} sessions of ${labelOf(user)}.\n`;
    return { text, json: { ...toJson(user), sessionsEnded } };
  },
);

export const dropSecondFactors = action(
  'Removes the second factors of a user who lost them.',
  async (deps, user) => {
    const factorsRemoved = await removeSecondFactors(deps, operator, { userId: user.id });
    const text = `Removed ${factorsRemoved} second factors of ${labelOf(user)}.\n`;
    return { text, json: { ...toJson(user), factorsRemoved } };
  },
  [
    'Verify the person first, by other means than their mailbox. Then a sign-in needs one factor again, and recovery codes end. Sessions go on.',
  ],
);

export const sendReset = action('Mails a link that sets a new password.', async (deps, user) => {
  await sendPasswordReset(deps, operator, { userId: user.id });
  return reportOf(user, `The gateway mails the link to ${labelOf(user)}.`);
});
