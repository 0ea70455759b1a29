import { deleteUserAccount } from '../../flows/admin/delete-user.ts';
import { disableAccount, enableAccount } from '../../flows/admin/disable-account.ts';
import { endUserSessions } from '../../flows/admin/end-user-sessions.ts';
import { sendPasswordReset } from '../../flows/admin/send-password-reset.ts';
import { builder } from '../builder.ts';
import { paragraphs } from '../descriptions.ts';
import { requireOperator } from '../viewer.ts';
import { AccountState } from './account-state.ts';
import { OkPayload, ok } from './ok-payload.ts';

// What the operator does to one account that exists.

const AccountInput = builder.inputType('AccountInput', {
  description: 'Input of the mutations that an operator calls for one account: the account.',
  fields: (t) => ({ userId: t.id({ required: true, description: 'The id of the user, a UUID.' }) }),
});
const whichAccount = { type: AccountInput, required: true, description: 'The account.' } as const;

builder.mutationField('disableAccount', (t) =>
  t.field({
    type: AccountState,
    description: paragraphs(
      'Disables an account: the user cannot sign in any more.',
      'For the operator: a client of Hasura with role admin. Calling it twice is safe.',
      'All sessions and personal access tokens of the user end, and all their one-time tokens stop working. The gateway revokes the invites that they sent. It keeps everything else, so that `enableAccount` can undo this.',
      'Error codes: `permission_denied` (not the operator), `invalid` (`userId`), `not_found` (`userId`).',
    ),
    args: { input: t.arg(whichAccount) },
    resolve: (_root, { input: { userId } }, { deps, caller }) => {
      requireOperator(caller);
      return disableAccount(deps, caller, { userId });
    },
  }),
);

builder.mutationField('enableAccount', (t) =>
  t.field({
    type: AccountState,
    description: paragraphs(
      'Enables a disabled account again: the user can sign in.',
      'For the operator: a client of Hasura with role admin. Calling it twice is safe. Ended sessions, personal access tokens and revoked invites do not come back.',
      'Error codes: `permission_denied` (not the operator), `invalid` (`userId`), `not_found` (`userId`).',
    ),
    args: { input: t.arg(whichAccount) },
    resolve: (_root, { input: { userId } }, { deps, caller }) => {
      requireOperator(caller);
      return enableAccount(deps, caller, { userId });
    },
  }),
);

const DeletedUser = builder.objectRef<{ userId: string }>('DeletedUser');

DeletedUser.implement({
  description: 'The answer of `deleteUser`.',
  fields: (t) => ({ userId: t.exposeID('userId', { description: 'The id of the deleted user.' }) }),
});

builder.mutationField('deleteUser', (t) =>
  t.field({
    type: DeletedUser,
    description: paragraphs(
      'Deletes a user, permanently.',
      'For the operator: a client of Hasura with role admin. The gateway deletes what `deleteAccount` deletes: sessions, memberships, sent invites, and each team in which the user is the only member.',
      'On `sole_owner`, other members would lose their only OWNER. The message names the teams.',
      'On `refused_by_application`, a table or a trigger of the application refers to the account and does not let it go.',
      'Error codes: `permission_denied` (not the operator), `invalid` (`userId`), `not_found` (`userId`), `sole_owner`, `refused_by_application`.',
    ),
    args: { input: t.arg(whichAccount) },
    resolve: (_root, { input: { userId } }, { deps, caller }) => {
      requireOperator(caller);
      return deleteUserAccount(deps, caller, { userId });
    },
  }),
);

const EndedUserSessions = builder.objectRef<{ userId: string; sessionsEnded: number }>('EndedUserSessions');

EndedUserSessions.implement({
  description: 'The answer of `endUserSessions`.',
  fields: (t) => ({
    userId: t.exposeID('userId', { description: 'The id of the user.' }),
    sessionsEnded: t.exposeInt('sessionsEnded', {
      description: 'The number of sessions that ended now. A personal access token has one.',
    }),
  }),
});

builder.mutationField('endUserSessions', (t) =>
  t.field({
    type: EndedUserSessions,
    description: paragraphs(
      'Ends all sessions and personal access tokens of a user. The user can sign in again.',
      'For the operator: a client of Hasura with role admin. Calling it twice is safe. The gateway refuses the tokens of these sessions at once, and so do the row permissions of Hasura.',
      'Error codes: `permission_denied` (not the operator), `invalid` (`userId`), `not_found` (`userId`).',
    ),
    args: { input: t.arg(whichAccount) },
    resolve: async (_root, { input: { userId } }, { deps, caller }) => {
      requireOperator(caller);
      return { userId, sessionsEnded: await endUserSessions(deps, caller, { userId }) };
    },
  }),
);

builder.mutationField('sendPasswordReset', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Mails a link that sets a new password to the address of a user.',
      'For the operator: a client of Hasura with role admin. The password stays as it is until the user sets a new one.',
      'Error codes: `permission_denied` (not the operator), `invalid` (`userId`, also for a user without an address), `not_found` (`userId`), `account_disabled` (`userId`), `rate_limited`.',
    ),
    args: { input: t.arg(whichAccount) },
    resolve: async (_root, { input: { userId } }, { deps, caller }) => {
      requireOperator(caller);
      await sendPasswordReset(deps, caller, { userId });
      return ok;
    },
  }),
);
