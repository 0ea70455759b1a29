import type { Transaction } from '../../db/client.ts';
import { createDefaultTeam } from '../../teams/teams.ts';
import type { User } from '../../users/users.ts';
import type { Caller } from './caller.ts';

/**
 * Gives a person a default team when they verify an address for the first time, unless they own a team.
 * @param input.user the user before the verification
 */
export async function giveDefaultTeam(tx: Transaction, by: Caller, { user }: { user: User }): Promise<void> {
  if (user.emailVerifiedAt !== null) return;
  await createDefaultTeam(tx, { userId: user.id, device: by.device });
}
