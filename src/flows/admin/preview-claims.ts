import { parseId } from '../../db/uuid.ts';
import { AuthError } from '../../errors.ts';
import { findGivenRoles, type GivenRoles } from '../../roles/given-roles.ts';
import { hasuraClaims } from '../../sessions/tokens.ts';
import { findTeamOfUser } from '../../teams/teams.ts';
import { findUser } from '../../users/users.ts';
import type { Caller } from '../shared/caller.ts';
import { findClaims } from '../shared/claims.ts';
import type { Deps } from '../shared/deps.ts';

/** Why a user has a role: DEFAULT_ROLES, or the operator gave it to the user or to the member. */
export const roleSources = ['DEFAULT_ROLES', 'USER', 'MEMBERSHIP'] as const;
type RolePreview = {
  role: string;
  sources: (typeof roleSources)[number][];
  /** False for a role that HASURA_ROLES does not declare any more. */
  inToken: boolean;
};

/** Where a claim comes from. */
export const claimSources = ['GATEWAY', 'CLAIMS_SQL'] as const;
type ClaimPreview = {
  name: string;
  /** A list as JSON. Null for the session's id, which differs in each session. */
  value: string | null;
  source: (typeof claimSources)[number];
};

export type ClaimsPreview = { roles: RolePreview[]; claims: ClaimPreview[] };

const SESSION_CLAIM = 'x-hasura-session-id';

/**
 * Returns what the next token of a user would hold for Hasura, and why: the access token, or the team token of a team. It changes
 * nothing. For the operator.
 * @throws AuthError `invalid` (userId, teamId), `not_found` (userId; teamId if the user is not a member), `claims_failed` with the
 * reason in its message
 */
export async function previewClaims(
  deps: Deps,
  _by: Caller,
  input: { userId: string; teamId: string | null },
): Promise<ClaimsPreview> {
  const userId = parseId(input.userId, 'userId');
  const teamId = input.teamId === null ? null : parseId(input.teamId, 'teamId');
  if ((await findUser(deps.db, userId)) === null)
    throw new AuthError('not_found', { attribute: 'userId', message: 'This account does not exist.' });
  const membership = teamId === null ? null : await findTeamOfUser(deps.db, { userId, teamId });
  if (teamId !== null && membership === null)
    throw new AuthError('not_found', {
      attribute: 'teamId',
      message: 'The account is not a member of this team.',
    });
  const given = await findGivenRoles(deps.db, { userId, teamId });
  const claims = await readClaims(deps, userId);
  const subject = {
    ...{ userId, sessionId: '', emailVerified: false, level: 'aal1' as const },
    ...{ roles: given.ofUser, claims },
  };
  const team = membership && { teamId: membership.team.id, role: membership.role, roles: given.ofMember };
  const all = hasuraClaims(deps.config, subject, team, team === null ? 'access' : 'team');
  return {
    roles: rolePreviews(deps, given),
    claims: Object.entries(all).map(([name, value]) => ({
      name,
      value: name === SESSION_CLAIM ? null : typeof value === 'string' ? value : JSON.stringify(value),
      source: Object.hasOwn(claims, name) ? 'CLAIMS_SQL' : 'GATEWAY',
    })),
  };
}

/** Reads the claims as a sign-in does. The operator learns why that fails. */
async function readClaims(deps: Deps, userId: string) {
  if (deps.claims === null) return {};
  try {
    return await deps.db.transaction((tx) => findClaims(deps, tx, userId));
  } catch (error) {
    if (!(error instanceof AuthError && error.code === 'claims_failed')) throw error;
    throw new AuthError('claims_failed', { message: `CLAIMS_SQL: ${error.details.reason}.` });
  }
}

function rolePreviews({ config: { roles } }: Deps, { ofUser, ofMember }: GivenRoles): RolePreview[] {
  const lists = { DEFAULT_ROLES: roles.byDefault, USER: ofUser, MEMBERSHIP: ofMember };
  const all = new Set([...roles.byDefault, ...ofUser, ...ofMember]);
  return [...all].map((role) => ({
    role,
    sources: roleSources.filter((source) => lists[source].includes(role)),
    inToken: roles.declared.includes(role),
  }));
}
