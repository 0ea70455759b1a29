import { recordSecurityEvent } from '../../audit/security-events.ts';
import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { findGivenRoles } from '../../roles/given-roles.ts';
import { activateTeam } from '../../sessions/active-team.ts';
import { issueTokens } from '../../sessions/tokens.ts';
import { enterTeam } from '../../teams/access.ts';
import type { TeamMembership } from '../../teams/membership.ts';
import { ALL_ROLES } from '../../teams/roles.ts';
import type { Viewer } from '../shared/caller.ts';
import { findClaims } from '../shared/claims.ts';
import { subjectOf } from '../shared/complete-sign-in.ts';
import { countChange } from '../shared/count-change.ts';
import type { Deps } from '../shared/deps.ts';
import { eventOf } from '../shared/team-events.ts';

export type SwitchedTeam = { teamToken: string; expiresAt: Date; membership: TeamMembership };

/**
 * Makes a team the active one of the session, and returns a team token for it. The token does not outlive the session. The
 * client keeps its refresh token, which yields tokens of this team from now on. Nothing changes if the team is active already.
 *
 * @throws AuthError `unauthenticated` without a live session, `invalid`, `rate_limited`, `not_found`,
 * `no_signing_key`, `claims_failed`
 */
export async function switchTeam(deps: Deps, by: Viewer, input: { teamId: string }): Promise<SwitchedTeam> {
  const teamId = parseId(input.teamId, 'teamId');
  const { sessionId, user, level } = by;
  if (sessionId === null)
    throw new AuthError('unauthenticated', { message: 'The request has no session to switch.' });
  await countChange(deps, by);
  const { accessTtlSeconds } = deps.config.tokens;
  const key = await deps.signer.currentKey(accessTtlSeconds);
  const { membership, secondsLeft, claims, given } = await deps.db.transaction(async (tx) => {
    const claims = await findClaims(deps, tx, user.id);
    const membership = await enterTeam(tx, { userId: user.id, teamId, allowed: ALL_ROLES });
    const { secondsLeft, changed } = await activateTeam(tx, { sessionId, userId: user.id, teamId });
    if (changed) await recordSecurityEvent(tx, { action: 'team_switched', ...eventOf(by, teamId) });
    const given = await findGivenRoles(tx, { userId: user.id, teamId });
    return { membership, secondsLeft, claims, given };
  });
  const { teamToken, expiresAt } = await issueTokens(deps, {
    key,
    ttlSeconds: accessTtlSeconds,
    kind: 'access',
    secondsLeft,
    subject: subjectOf(user, { sessionId, roles: given.ofUser, claims, level }),
    team: { teamId, role: membership.role, roles: given.ofMember },
  });
  if (teamToken === null) throw new Error('No team token was issued for a team.');
  return { teamToken, expiresAt, membership };
}
