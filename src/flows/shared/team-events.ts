import type { Viewer } from './caller.ts';

/** What every event of a team says about the person who caused it. */
export const eventOf = ({ user, sessionId, device }: Viewer, teamId: string) => ({
  userId: user.id,
  sessionId,
  teamId,
  device,
});
