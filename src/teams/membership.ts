import type { MembershipRole, teams } from '../db/tables/teams.ts';

export type Team = typeof teams.$inferSelect;

/** A team as one of its members sees it. */
export type TeamMembership = { team: Team; role: MembershipRole; userId: string };
