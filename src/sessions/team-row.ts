import type { MembershipRole } from '../db/tables/teams.ts';
import { splitRoles } from '../roles/token-roles.ts';
import type { TokenTeam } from './tokens.ts';

/** The active team of a session, as statements select it. */
export type TeamRow = {
  team_id: string | null;
  role: MembershipRole | null;
  /** The roles of Hasura that the operator gave to the member, separated by commas. */
  member_roles: string | null;
};

/** Makes the team of a token. Null if the user has no team. */
export const teamOf = ({ team_id: teamId, role, member_roles }: TeamRow): TokenTeam | null =>
  teamId === null || role === null ? null : { teamId, role, roles: splitRoles(member_roles) };
