import { deleteAccount } from '../../flows/account/delete-account.ts';
import { updateProfile } from '../../flows/account/update-profile.ts';
import { builder } from '../builder.ts';
import { ACCOUNT_HOLDER, paragraphs } from '../descriptions.ts';
import { requireAccountHolder } from '../viewer.ts';
import { FRESHNESS, freshnessFields, withFreshness } from './freshness.ts';
import { OkPayload, ok } from './ok-payload.ts';
import { UserType } from './user.ts';

const UpdateProfileInput = builder.inputType('UpdateProfileInput', {
  description: 'Input of `updateProfile`: the new profile of the current user.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'The name of the user: 1 to 255 characters. The gateway removes surrounding spaces.',
    }),
  }),
});

builder.mutationField('updateProfile', (t) =>
  t.field({
    type: UserType,
    description: paragraphs(
      'Updates the profile of the current user, and returns the user.',
      'Error codes: `unauthenticated`, `permission_denied` (for a team token or a personal access token), `required` (`name`), `max_length` (`name`), `invalid` (`name`), `rate_limited`.',
    ),
    args: { input: t.arg({ type: UpdateProfileInput, required: true, description: 'The new profile.' }) },
    resolve: async (_root, { input: { name } }, { deps, caller }) =>
      updateProfile(deps, await requireAccountHolder(caller), { name }),
  }),
);

const DeleteAccountInput = builder.inputType('DeleteAccountInput', {
  description: 'Input of `deleteAccount`: what shows that the user themselves asks.',
  fields: freshnessFields,
});

builder.mutationField('deleteAccount', (t) =>
  t.field({
    type: OkPayload,
    description: paragraphs(
      'Deletes the account of the current user, permanently.',
      'The gateway also deletes their sessions, memberships and the invites that they sent. It deletes each team in which they are the only member.',
      'On `refused_by_application`, a table or a trigger of the application refers to the account and does not let it go.',
      'On `sole_owner`, other members would lose their only OWNER. The message names the teams. Call `changeMemberRole` or `deleteTeam` for each of them first.',
      `Error codes: ${ACCOUNT_HOLDER}, \`required\` (\`currentPassword\`), ${FRESHNESS}, \`sole_owner\`, \`refused_by_application\`, \`rate_limited\`, \`busy\`.`,
    ),
    args: {
      input: t.arg({
        type: DeleteAccountInput,
        required: true,
        description: 'What shows that the user themselves asks.',
      }),
    },
    resolve: async (_root, { input }, { deps, caller, cookie }) => {
      await deleteAccount(deps, await requireAccountHolder(caller), withFreshness(input));
      if (deps.config.refreshCookie !== 'off' && cookie.isPresent()) cookie.clear();
      return ok;
    },
  }),
);
