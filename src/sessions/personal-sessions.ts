import { sql } from 'drizzle-orm';
import { v7 as uuidv7 } from 'uuid';
import type { Transaction } from '../db/client.ts';
import { type AssuranceLevel, sessions } from '../db/tables/sessions.ts';

/**
 * Opens the session of a personal access token. It has no refresh token and no team. It names no device: the address of a
 * program must not count as one from which the person has signed in.
 * @param input.expiresAt when the token expires, and the session ends
 * @param input.proven whether the session that asks for the token is proven
 * @param input.level the level of that session, which the token keeps
 */
export async function openPersonalSession(
  tx: Transaction,
  {
    userId,
    expiresAt,
    proven,
    level,
  }: { userId: string; expiresAt: Date; proven: boolean; level: AssuranceLevel },
): Promise<{ sessionId: string; createdAt: Date }> {
  const sessionId = uuidv7();
  const [opened] = await tx
    .insert(sessions)
    .values({
      ...{ id: sessionId, userId, expiresAt, level, openedBy: 'access_token' },
      provenAt: proven ? sql`now()` : null,
    })
    .returning({ createdAt: sessions.createdAt });
  if (opened === undefined) throw new Error('The session was not inserted.');
  return { sessionId, createdAt: opened.createdAt };
}
