import { inviteUser } from '../../flows/admin/invite-user.ts';
import { operator } from '../../flows/shared/caller.ts';
import type { Subcommand } from '../cli/subcommand.ts';

/** Invites a person to create an account. */
export const invite: Subcommand = {
  summary: 'Mails a link by which a person creates an account, also while sign-up is off.',
  usage: '<email> [options]',
  details: ['The link works once, for INVITE_TTL. Inviting the address again replaces it.'],
  positionals: [1, 1],
  options: {},
  async run({ positionals: [address = ''] }, open) {
    const { deps } = await open();
    const { email, expiresAt } = await inviteUser(deps, operator, { email: address });
    const until = expiresAt.toISOString();
    return {
      json: { email, expiresAt: until },
      text: `Invited ${email}. The gateway mails the link, which works until ${until}.\n`,
    };
  },
};
