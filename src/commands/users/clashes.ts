import { type ClashingAccount, listEmailClashes } from '../../users/email-clashes.ts';
import type { Subcommand } from '../cli/subcommand.ts';

const NONE = 'Every account has a canonical email address.\n';

const HOW_TO_RESOLVE = `
Accounts that share a mailbox sign in with the spelling that is shown, and the mails of all of them go to that mailbox.
Ask its owner which one to keep. Then, with psql, change the address of the other one or delete it; '…' is its id.

To change the address. The new one is not proven yet: the account has to sign in again and verify it.

  begin;
  update portcullis.users set email = 'another@example.com', email_verified_at = null where id = '…';
  update portcullis.sessions set revoked_at = now(), proven_at = null where user_id = '…' and revoked_at is null;
  update portcullis_private.passwords set proven_at = null where user_id = '…';
  update portcullis_private.identity_profiles p set proven_at = null from portcullis.identities i
    where i.id = p.identity_id and i.user_id = '…';
  delete from portcullis_private.one_time_tokens where user_id = '…';
  delete from portcullis_private.one_time_codes where user_id = '…';
  delete from portcullis_private.flow_states where user_id = '…';
  commit;

To delete the account with the teams in which it is alone:

  begin;
  select from portcullis.users where id = '…' for update;
  select portcullis_private.delete_teams(array(select m.team_id from portcullis.memberships m where m.user_id = '…'
    and not exists (select from portcullis.memberships o where o.team_id = m.team_id and o.user_id <> '…')));
  delete from portcullis.invites where inviter_id = '…';
  select portcullis_private.delete_users(array['…'::uuid]);
  commit;

Postgres refuses that ("A team needs an owner.") while the account is the only owner of a team with other members. First make
another member an owner:

  update portcullis.memberships set role = 'OWNER' where team_id = 'the team' and user_id = 'the member';

An account without a canonical form gets no mail: change its address, or delete it. When you are done, apply the migrations
again (npm run db:migrate, or a restart): the accounts that are left get their canonical addresses.
`;

const describe = (account: ClashingAccount): string =>
  [
    `  ${account.id}  ${account.email}`,
    `    created ${account.createdAt}, ${account.verifiedAt === null ? 'not verified' : `verified ${account.verifiedAt}`}, ` +
      `last sign-in ${account.lastSignInAt ?? 'not known'}${account.disabledAt === null ? '' : `, disabled ${account.disabledAt}`}`,
  ].join('\n');

function report(accounts: readonly ClashingAccount[]): string {
  if (accounts.length === 0) return NONE;
  const groups = new Map<string | null, ClashingAccount[]>();
  for (const account of accounts)
    groups.set(account.canonical, [...(groups.get(account.canonical) ?? []), account]);
  const paragraphs = [...groups].map(
    ([canonical, group]) =>
      `${canonical === null ? 'No canonical form' : `Mailbox ${canonical}`}\n${group.map(describe).join('\n')}\n`,
  );
  return `${paragraphs.join('\n')}${HOW_TO_RESOLVE}`;
}

/** Lists accounts that share a mailbox. It changes nothing, so it applies no migrations. */
export const clashes: Subcommand = {
  summary: 'Lists accounts whose addresses are two spellings of one mailbox.',
  usage: '[options]',
  positionals: [0, 0],
  options: {},
  async run(_given, open) {
    const { deps } = await open({ migrate: false });
    const accounts = await listEmailClashes(deps.db);
    return { text: report(accounts), json: accounts };
  },
};
